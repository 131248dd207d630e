"""A serial port of another machine with its rate and lines: RFC 2217, as ser2net serves it.

pySerial has the protocol, and its calls block: each has a thread here.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import serial
from serial import rfc2217

from opsterm.services.lines import Line
from opsterm.services.serial.clock import Clock
from opsterm.services.serial.device import parameters
from opsterm.services.serial.errors import BadSettingError, DisconnectedError, SerialError
from opsterm.services.serial.inbox import Inbox
from opsterm.services.serial.links.address import host_and_port, shown
from opsterm.services.serial.links.base import Received, Sent
from opsterm.services.serial.links.sockets import explain_connect
from opsterm.services.serial.modem import Modem, ModemLines
from opsterm.services.serial.settings import Settings
from opsterm.services.threads import in_thread

_CONNECT_SECONDS = 5.0
"""What pySerial gives a host to answer."""
_READ_SECONDS = 0.2
_PIECE_BYTES = 4096
_CLOSE_SECONDS = 0.8
_FAILURES = (OSError, ValueError, NotImplementedError)


class Rfc2217Target:
    """`rfc2217://HOST:PORT`, with pySerial's options: `?ign_set_control`, `?timeout=SECONDS`, `?poll_modem`."""

    watched: tuple[str, ...] = ()
    moved = ""
    waiting = ""

    def __init__(self, port: str) -> None:
        self.device = port
        self._name = shown(*host_and_port(port))

    async def open(self, settings: Settings, received: Received, sent: Sent, clock: Clock) -> Rfc2217Link:
        """Connect and agree on rate and frame. Raises SerialError."""

        def connect() -> Client:
            client = Client()
            try:
                client.port = self.device
                client.apply_settings(parameters(settings))
                client.dtr, client.rts = settings.dtr, settings.rts  # taken when it is opened
                client.open()
                client.wait_for_ever()
            except _FAILURES as error:
                raise _explain(error, self.device, self._name) from error
            return client

        client = await in_thread(connect, f"open {self.device}", Client.close)
        return Rfc2217Link(client, self._name, received, sent, clock)


class Client(rfc2217.Serial):
    """pySerial's client, that neither gives up a slow write nor throws away what came before the end."""

    _socket: socket.socket | None
    _read_buffer: queue.Queue[bytes | None]

    def wait_for_ever(self) -> None:
        """Take the time limit of connecting off the open connection: a write that it cut short would be a loss."""
        assert self._socket is not None
        self._socket.settimeout(None)
        self.timeout = _READ_SECONDS

    def close(self) -> None:
        """Close it; pySerial leaves the socket open where the other side has closed before."""
        connected = self._socket
        super().close()
        if connected is not None:
            connected.close()

    def read_some(self) -> tuple[bytes, bool]:
        """What has come, maybe nothing, and whether that was the end. Blocks for a moment at most."""
        try:
            return self.read(max(1, self.in_waiting)), False
        except (serial.SerialException, OSError):
            rest = b""
            with suppress(queue.Empty):
                while True:
                    rest += self._read_buffer.get_nowait() or b""
            return rest, True


class Rfc2217Link:
    """A port of another machine that is open: one thread reads, one writes."""

    has_rate = True

    def __init__(self, client: Client, name: str, received: Received, sent: Sent, clock: Clock) -> None:
        self._client = client
        self._name = name
        self._received = received
        self._sent = sent
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[bytes, Line]] = deque()
        self._done: deque[Line] = deque()
        self._outbox: queue.SimpleQueue[tuple[bytes, Line] | None] = queue.SimpleQueue()
        self._closing = False
        self.lost: asyncio.Future[SerialError] = self._loop.create_future()
        self.modem: Modem | None = Rfc2217Modem(client)
        self._inbox = Inbox(received, lambda _: self._fail())
        self._reading = threading.Thread(target=self._read, name=f"read {name}", daemon=True)
        self._writing = threading.Thread(target=self._write, name=f"write {name}", daemon=True)
        self._reading.start()
        self._writing.start()

    @property
    def queued(self) -> int:
        """Bytes of lines of which the kernel has not taken everything."""
        return sum(len(data) for data, _ in self._waiting)

    def write(self, data: bytes, line: Line) -> None:
        """Send `data` after what already waits, then report `line` as sent; never blocks."""
        self._waiting.append((data, line))
        self._outbox.put((data, line))

    def hold(self, held: bool) -> None:
        """Have nothing received while `held`; it is read all the same, up to 64 MiB."""
        self._inbox.hold(held)

    def unsent(self) -> list[Line]:
        """Take out the lines that have not left, or not wholly."""
        self._report()
        lines = [line for _, line in self._waiting]
        self._waiting.clear()
        return lines

    async def tune(self, settings: Settings) -> None:
        """Give the far port other settings. Raises SerialError; then the old ones still hold."""

        def apply() -> None:
            before = self._client.get_settings()
            try:
                self._client.apply_settings({**before, **parameters(settings)})
            except _FAILURES as error:
                with suppress(*_FAILURES):
                    self._client.apply_settings(before)
                raise _explain(error, settings.port, self._name) from error

        await in_thread(apply, f"tune {self._name}")

    async def actual_baud(self) -> int:
        """The protocol has the far port say what it refuses, not what it rounds: always 0."""
        return 0

    async def close(self) -> None:
        """Close it, within a second. What was read until then is still received. May be called again."""
        if self._closing:
            return
        self._closing = True
        self._inbox.stop()
        self._outbox.put(None)

        def finish() -> None:
            self._client.close()  # ends what blocks in reading and writing
            self._reading.join()
            self._writing.join()

        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await in_thread(finish, f"close {self._name}")
        except TimeoutError:
            return
        if rest := self._inbox.rest():
            self._received(rest)

    def _read(self) -> None:
        over = False
        while not over:
            data, over = self._client.read_some()
            if data:
                self._inbox.put(self._clock.now(), data)
        self._inbox.end(None)

    def _write(self) -> None:
        while (item := self._outbox.get()) is not None and not self._closing:
            data, line = item
            try:
                for start in range(0, len(data), _PIECE_BYTES):
                    self._client.write(data[start : start + _PIECE_BYTES])
            except (OSError, AttributeError):  # the latter when it was closed meanwhile
                self._call(self._fail)
                return
            line.first_ns = line.last_ns = self._clock.now()
            self._done.append(line)
            self._call(self._report)

    def _call(self, what: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self._loop.call_soon_threadsafe(what)

    def _report(self) -> None:
        while self._done and self._waiting:
            self._waiting.popleft()
            self._sent(self._done.popleft())

    def _fail(self) -> None:
        if not self._closing and not self.lost.done():
            self.lost.set_result(DisconnectedError(f"Connection closed ({self._name}).", "Connecting again."))


class Rfc2217Modem:
    """The lines of the far port, as it reports them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self) -> ModemLines | None:
        """How they are, None where the server does not report them. Raises OSError when it is gone."""
        client = self._client
        try:
            theirs = (client.cts, client.dsr, client.cd, client.ri)
        except serial.SerialException:
            if not client.is_open:
                raise
            return None
        return ModemLines(client.dtr, client.rts, *theirs)

    def set(self, name: str, on: bool) -> None:
        """Switch `dtr` or `rts`. Raises OSError when the server does not answer for it."""
        setattr(self._client, name, on)

    def hold_break(self, seconds: float) -> None:
        """Send BREAK for so long. Raises OSError."""
        self._client.break_condition = True
        time.sleep(seconds)
        self._client.break_condition = False


def _explain(error: Exception, port: str, where: str) -> SerialError:
    cause = error.__context__
    if isinstance(cause, OSError) and not isinstance(cause, serial.SerialException):
        return explain_connect(cause, where, _CONNECT_SECONDS)
    text = str(error)
    if "control" in text and "timeout" in text:
        mark = "&" if "?" in port else "?"
        return SerialError(
            f"{where} does not answer for its lines and flow control.", f"Try {port}{mark}ign_set_control."
        )
    if "does not seem to support" in text:
        return SerialError(f"{where} does not speak RFC 2217.", f"Try socket://{where}.")
    if "parameter change" in text:
        return BadSettingError(f"{where} refuses these settings.", "Try another baud rate or frame.")
    if isinstance(cause, ValueError):
        return BadSettingError(f"Cannot open {port}: {cause}.")
    return SerialError(f"Cannot open {port}: {text}.")
