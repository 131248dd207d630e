"""The service behind the Serial tab: one port, opened again whenever it comes back."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opsterm.services.lines import Direction, Flag, Line, Ring, stamp
from opsterm.services.serial.clock import Clock
from opsterm.services.serial.errors import (
    BadSettingError,
    NoSuchPortError,
    NotAllowedError,
    NotASerialPortError,
    SerialError,
    UnsupportedError,
)
from opsterm.services.serial.framing import Framing
from opsterm.services.serial.intake import Counters, Intake
from opsterm.services.serial.links import Link, Target, target_for
from opsterm.services.serial.modem import OUTPUTS, HasModem, Modem
from opsterm.services.serial.rate import rounding
from opsterm.services.serial.reader import Chunk
from opsterm.services.serial.settings import Settings
from opsterm.services.serial.transfer.channel import Channel, Piece
from opsterm.services.serial.watch import Watch
from opsterm.services.service import Service, State
from opsterm.services.text import clean

_FIRST_DELAY = 0.1
_MAX_DELAY = 2.0
_GRACE_SECONDS = 2.0
"""How long a new device file may refuse us: udev creates it for root and hands it over a moment later."""
_SETTLED_SECONDS = 1.0
_MANY_BYTES = 64 * 1024
_STAYS = (NotAllowedError, NotASerialPortError, BadSettingError, UnsupportedError)


class SerialService(HasModem, Service):
    """Keeps one port open and everything that passed in `ring`.

    `open` names the port; from then on the service opens it as often as it takes, until `close`. The tab shows
    `status`, `counters` and `queued`; whoever listens is told when one of the first two changes in kind.
    """

    def __init__(self, ring: Ring | None = None, clock: Clock | None = None) -> None:
        super().__init__()
        self.ring = Ring() if ring is None else ring
        self.counters = Counters()
        self.settings: Settings | None = None
        self.device = ""
        """Where the port was open last: the path behind a lasting name, else the text of the port."""
        self.taps: list[Callable[[list[Chunk]], None]] = []
        """Each is given what comes in, just as it came, before it becomes lines; must be quick."""
        self._clock = clock or Clock()
        self._link: Link | None = None
        self._channel: Channel | None = None
        self._intake: Intake | None = None
        self._watch: Watch | None = None
        self._task: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._room = asyncio.Event()
        self._lost_ns = 0  # when the open port was lost; 0 before the first time
        self._loss = ""

    @property
    def has_rate(self) -> bool:
        """Whether baud rate, frame and flow control mean anything for what is open; true while nothing is."""
        return self._link is None or self._link.has_rate

    @property
    def _modem(self) -> Modem | None:
        return self._link.modem if self._link else None

    @property
    def _is_open(self) -> bool:
        return self._link is not None

    def _set_settings(self, settings: Settings) -> None:
        self.settings = settings
        self._tell()

    @property
    def queued(self) -> int:
        """Bytes of typed lines that the kernel has not taken yet: the other side does not read."""
        return self._link.queued if self._link else 0

    async def open(self, settings: Settings) -> None:
        """Close what is open and keep the port of `settings` open from now on; `status` tells how it goes."""
        async with self._changing:
            await self._end()
            self.settings = settings
            self._begin()

    async def start(self) -> None:
        """Open the port of `settings`, if there is one and it is not being kept open already."""
        async with self._changing:
            self._begin()

    async def stop(self) -> None:
        """Close the port, within a second; `start` opens it again. Lines that have not left are marked."""
        async with self._changing:
            await self._end()

    async def close(self) -> None:
        """`stop`, and forget the port."""
        async with self._changing:
            await self._end()
            self.settings = None

    def retry(self) -> None:
        """Try now what waits; nothing happens while the port is open or the service is off."""
        if self._watch is not None and self._link is None:
            self._watch.wake()

    async def retune(self, settings: Settings) -> None:
        """Change baud rate, frame, ending and so on while the port stays open; another port is opened instead.

        Raises SerialError when the driver refuses, and then the old settings still hold.
        """
        if self.settings is None or settings.port != self.settings.port:
            await self.open(settings)
            return
        if self._link is not None:
            await self._link.tune(settings)
            for name in OUTPUTS:
                if getattr(settings, name) != getattr(self.settings, name):
                    await self.set_line(name, getattr(settings, name))
            await self._compare_baud(self._link, settings)
        if self._intake is not None:
            self._intake.encoding = settings.encoding
            self._intake.quiet_seconds = settings.quiet_seconds
            self._intake.framing = Framing.parse(settings.framing)
        self.settings = settings
        self.retry()
        self._tell()

    def send(self, text: str | bytes, bare: bool = False) -> bool:
        """Send a typed line with the ending that is set, or `bare` of it; whether it is on its way. Bytes go as they
        are.

        It enters `ring` when the kernel has taken its last byte. Where the port is not open it enters at once,
        marked as unsent, and nothing is sent later by itself. Raises BadSettingError where the encoding lacks a
        character, and while somebody has the port to himself.
        """
        if self._channel is not None:
            raise BadSettingError(
                f"Not sent: the port is busy with {self._channel.name}.", "Wait for it, or cancel it."
            )
        data, line = self.typed(text)
        if self._link is None or self._link.lost.done():
            self._mark_unsent([line])
            return False
        if bare:
            data, line = line.raw, Piece.of(line, len(line.raw))
        if data:
            self._link.write(data, line)
        return bool(data)

    def typed(self, text: str | bytes) -> tuple[bytes, Line]:
        """What `send` would send for `text`, and how it would be shown. Raises BadSettingError."""
        settings = self.settings
        encoding = settings.encoding if settings else "utf-8"
        try:
            raw = text.encode(encoding) if isinstance(text, str) else text
        except UnicodeEncodeError as error:
            lacks = error.object[error.start : error.end]
            raise BadSettingError(f"Not sent: {encoding} has no '{lacks}'.", "Choose another encoding.") from None
        shown = clean(text if isinstance(text, str) else text.decode(encoding, "opsterm.hex"))
        now = self._clock.now()
        line = Line(raw, shown, now, now, settings.port if settings else "", Direction.TX)
        return raw + (settings.ending.value if settings else b""), line

    @contextmanager
    def occupy(self, name: str, received: Callable[[bytes], None] | None = None) -> Iterator[Channel]:
        """Have the open port to oneself, to send what `name` tells; typed lines are refused meanwhile.

        With `received` what comes in goes there and does not become lines. Raises SerialError where no port is open
        or another has it.
        """
        if self._channel is not None:
            raise SerialError(f"The port is busy with {self._channel.name}.", "Wait for it, or cancel it.")
        if self._link is None or self._link.lost.done():
            raise SerialError("Not possible while no port is open.")
        if received is not None and self._intake is not None:
            self._intake.flush()
        self._channel = Channel(name, self._link, received, self._mark_unsent)
        self._tell()
        try:
            yield self._channel
        finally:
            self._channel = None
            self._tell()

    def note(self, text: str, flags: Flag = Flag.NONE) -> None:
        """Say in `ring`, among the lines, what happened to the connection."""
        now = self._clock.now()
        source = self.settings.port if self.settings else ""
        self.ring.append(Line(text.encode(), text, now, now, source, Direction.NOTE, flags=flags))

    def hold(self, held: bool) -> None:
        """Let `ring` grow no further while `held`: for whoever must not miss a line and cannot keep up.

        The port is read all the same, up to 64 MiB, and what is held comes with its true time.
        """
        if self._link is not None:
            self._link.hold(held)

    async def drain(self) -> None:
        """Wait while a lot is queued and the port is open; for whoever sends more than a person types."""
        while self.queued > _MANY_BYTES:
            self._room.clear()
            await self._room.wait()

    def _begin(self) -> None:
        if self.settings is not None and self._task is None:
            self._become(State.STARTING)
            self._task = self._live_on(self._keep_open(), "serial")

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        self._lost_ns = 0
        self._become(State.OFF)

    async def _keep_open(self) -> None:
        assert self.settings is not None
        try:
            target = target_for(self.settings.port)
        except SerialError as error:
            self.counters.errors += 1
            self._become(State.FAILED, error.reason, error.hint)
            return
        delay = _FIRST_DELAY
        with Watch(*target.watched) as watch:
            self._watch = watch
            try:
                while True:
                    watch.clear()
                    self._wait_for(target)
                    try:
                        self._link = await self._open_link(target)
                    except SerialError as error:
                        await watch.wait(self._refused(error, delay, target.device))
                    else:
                        opened = time.monotonic()
                        self._opened(target)
                        await self._compare_baud(self._link, self.settings)
                        await self._lost(await self._link.lost)
                        if time.monotonic() - opened > _SETTLED_SECONDS:
                            delay = _FIRST_DELAY
                            continue
                        await watch.wait(delay)
                    delay = min(delay * 2, _MAX_DELAY)
            finally:
                self._watch = None
                await self._drop_link()

    def _wait_for(self, target: Target) -> None:
        """Where opening is waiting for somebody to call, the status says so."""
        if not target.waiting:
            return
        if self._lost_ns:
            self._become(State.LOST, self._loss, target.waiting)
        else:
            self._become(State.STARTING, target.waiting)

    async def _open_link(self, target: Target) -> Link:
        settings = self.settings
        assert settings is not None
        intake = Intake(
            self.ring,
            self.counters,
            settings.port,
            settings.encoding,
            settings.quiet_seconds,
            framing=Framing.parse(settings.framing),
        )

        def received(chunks: list[Chunk]) -> None:
            for tap in tuple(self.taps):
                tap(chunks)
            if self._channel is not None and self._channel.diverts:
                self.counters.rx_bytes += self._channel.take(chunks)
            else:
                intake.take(chunks)

        link = await target.open(settings, received, self._sent, self._clock)
        self._intake = intake
        return link

    def _opened(self, target: Target) -> None:
        self.device = target.device
        if self._lost_ns:
            gap = (self._clock.now() - self._lost_ns) / 1e9
            self.counters.gaps += 1
            self.counters.reconnects += 1
            place = f" {target.moved}" if target.moved else ""
            self.note(f"open again{place}, gap {gap:.3f} s", Flag.GAP)
        self._become(State.LIVE)

    async def _compare_baud(self, link: Link, settings: Settings) -> None:
        if words := rounding(settings.baud, await link.actual_baud()):
            self.note(words)

    def _refused(self, error: SerialError, delay: float, device: str) -> float | None:
        """Say why `device` does not open; returns after how many seconds to try again, None for: on a change."""
        is_missing = isinstance(error, NoSuchPortError)
        if is_missing and self._lost_ns:
            self._become(State.LOST, self._loss, error.hint)  # these words say it better
            return None
        if isinstance(error, NotAllowedError) and _is_new(device):
            return _FIRST_DELAY
        if error.reason != self.status.reason:
            self.counters.errors += 1
        if isinstance(error, _STAYS):
            self._become(State.FAILED, error.reason, error.hint)
            return None
        wait = None if is_missing else delay
        self._become(State.LOST, error.reason, error.hint, None if wait is None else time.monotonic() + wait)
        return wait

    async def _lost(self, error: SerialError) -> None:
        self._lost_ns = self._clock.now()
        self.counters.errors += 1
        if self._intake is not None:
            self._intake.flush()
        kept = f"{len(self.ring):,} line{'' if len(self.ring) == 1 else 's'} kept"
        what = error.reason.partition(" (")[0]
        self.note(f"lost: {what[:1].lower()}{what[1:]}")
        at = stamp(self._lost_ns)[11:23]
        self._loss = f"{error.reason.removesuffix('.')} at {at}, {kept}."
        self._become(State.LOST, self._loss, error.hint)
        await self._drop_link(error)

    async def _drop_link(self, reason: SerialError | None = None) -> None:
        link, self._link = self._link, None
        self._room.set()
        if self._channel is not None:
            self._channel.end(reason or SerialError("The port was closed."))
        if link is not None:
            self._mark_unsent(link.unsent())
            await link.close()
        if self._intake is not None:
            self._intake.flush()
            self._intake = None

    def _sent(self, line: Line) -> None:
        settings = self.settings
        self._room.set()
        if isinstance(line, Piece):
            self.counters.tx_bytes += line.size
            line.taken()
            if line.hidden:
                return
        else:
            self.counters.tx_bytes += len(line.raw) + len(settings.ending.value if settings else b"")
        if self._intake is not None:
            self._intake.end_prompt()
        self.counters.tx_lines += 1
        self.ring.append(line)

    def _mark_unsent(self, lines: list[Line]) -> None:
        shown = [line for line in lines if not (isinstance(line, Piece) and line.hidden)]
        for line in shown:
            line.flags |= Flag.UNSENT
        self.ring.extend(shown)


def _is_new(path: str) -> bool:
    try:
        return time.time() - os.stat(path).st_ctime < _GRACE_SECONDS
    except OSError:
        return False
