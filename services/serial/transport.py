"""One open port: bytes in through our reading thread, bytes out through pyserial-asyncio's transport."""

from __future__ import annotations

import asyncio
import errno
import os
from collections import deque
from collections.abc import Callable
from typing import cast

from serial_asyncio import connection_for_serial

from opsterm.services.lines import Line
from opsterm.services.serial.carrier import await_carrier, needs_carrier
from opsterm.services.serial.clock import Clock
from opsterm.services.serial.device import SerialPort, close_port, open_port, tune_port
from opsterm.services.serial.errors import DisconnectedError, SerialError
from opsterm.services.serial.explain import WAITING
from opsterm.services.serial.reader import Chunk, Reader
from opsterm.services.serial.settings import Settings
from opsterm.services.serial.threads import in_thread

_PIECE_BYTES = 4096
_CLOSE_SECONDS = 0.8


class _Outlet:
    """What the transport sees of a port: writing only, and nothing that could block the loop.

    The transport would drain and close the port on the loop, and would report a dead device to the loop's exception
    handler; here both are the link's business.
    """

    def __init__(self, port: SerialPort, failed: Callable[[OSError], None]) -> None:
        self._fd = port.fileno()
        self._failed = failed
        self.timeout = 0.0
        self.write_timeout = 0.0

    def fileno(self) -> int:
        return self._fd

    def write(self, data: bytes) -> int:
        try:
            return os.write(self._fd, data)
        except (BlockingIOError, InterruptedError):
            raise
        except OSError as error:
            self._failed(error)
            raise BlockingIOError from error  # kept by the transport until the link aborts it

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class Link(asyncio.Protocol):
    """A port that is open. `lost` is done, with the reason, when the device is gone; the link then has to be closed.

    `received` is called with chunks as they come, `sent` with each line whose last byte the kernel has taken.
    """

    def __init__(
        self,
        port: SerialPort,
        settings: Settings,
        received: Callable[[list[Chunk]], None],
        sent: Callable[[Line], None],
        clock: Clock,
    ) -> None:
        self._port = port
        self._received = received
        self._name = settings.port
        self._sent = sent
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None
        self._reader: Reader | None = None
        self._waiting: deque[tuple[bytes, Line]] = deque()
        self._offset = 0  # how much of the first one the transport has been given
        self._busy = False
        self._closing = False
        self.lost: asyncio.Future[SerialError] = self._loop.create_future()

    @classmethod
    async def open(
        cls,
        settings: Settings,
        received: Callable[[list[Chunk]], None],
        sent: Callable[[Line], None],
        clock: Clock,
    ) -> Link:
        """Open the port; the loop goes on meanwhile. Raises SerialError."""
        port = await in_thread(lambda: open_port(settings), f"open {settings.port}", close_port)
        if needs_carrier(settings.port):
            try:
                await await_carrier(port.fileno(), settings.port)
            except BaseException:
                await in_thread(lambda: close_port(port), f"close {settings.port}")
                raise
        link = cls(port, settings, received, sent, clock)
        outlet = _Outlet(port, link._fail)
        transport, _ = await connection_for_serial(link._loop, lambda: link, outlet)
        link._transport = cast(asyncio.WriteTransport, transport)
        transport.set_write_buffer_limits(high=0)  # so that resume_writing means: the kernel has all of it
        link._reader = Reader(port.fileno(), clock, received, link._fail)
        return link

    @property
    def queued(self) -> int:
        """Bytes that the kernel has not taken yet."""
        waiting = sum(len(data) for data, _ in self._waiting)
        unsent = self._transport.get_write_buffer_size() if self._transport else 0
        return waiting - self._offset + unsent

    def write(self, data: bytes, line: Line) -> None:
        """Send `data` after what already waits, then hand `line`, stamped, to `sent`; never blocks."""
        self._waiting.append((data, line))
        self._push()

    def hold(self, held: bool) -> None:
        """Have `received` wait while `held`; the port is read all the same, up to 64 MiB."""
        if self._reader and not self._closing:
            self._reader.hold(held)

    def unsent(self) -> list[Line]:
        """Take out the lines that have not left, or not wholly."""
        lines = [line for _, line in self._waiting]
        self._waiting.clear()
        self._offset = 0
        return lines

    async def tune(self, settings: Settings) -> None:
        """Give the port other settings while it is open. Raises SerialError; then the old ones still hold."""
        await in_thread(lambda: tune_port(self._port, settings), f"tune {settings.port}")

    async def close(self) -> None:
        """Close the port, within a second. What was read until then is still received. May be called again."""
        if self._closing:
            return
        self._closing = True
        reader = self._reader
        if reader:
            reader.stop()
        if self._transport:
            self._transport.abort()

        def finish() -> None:
            if reader:
                reader.join()
            close_port(self._port)

        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await in_thread(finish, f"close {self._name}")
        except TimeoutError:
            return  # the driver takes its time; the thread stays with it
        if reader and (rest := reader.rest()):
            self._received(rest)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the transport, which begins to read right after this: ours is the only reader."""
        self._loop.call_soon(cast(asyncio.ReadTransport, transport).pause_reading)

    def pause_writing(self) -> None:
        """Called by the transport when it has something to write."""
        self._busy = True

    def resume_writing(self) -> None:
        """Called by the transport when the kernel has taken everything."""
        self._busy = False
        if self._waiting and self._offset >= len(self._waiting[0][0]):
            _, line = self._waiting.popleft()
            self._offset = 0
            line.first_ns = line.last_ns = self._clock.now()
            self._sent(line)
        self._push()

    def _push(self) -> None:
        if self._busy or not self._waiting or self._closing or self._transport is None:
            return
        data = self._waiting[0][0]
        piece = data[self._offset : self._offset + _PIECE_BYTES]
        self._offset += len(piece)
        self._transport.write(piece)

    def _fail(self, error: OSError | None) -> None:
        if self.lost.done():
            return
        why = "" if error is None or error.errno == errno.EIO else f": {os.strerror(error.errno or 0)}"
        self.lost.set_result(DisconnectedError(f"Device disconnected ({self._name}){why}.", WAITING))
