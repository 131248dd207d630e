"""The open port for one alone: bytes as they come and go, while typed lines have to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from opsterm.services.lines import Direction, Line
from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.links.base import Link
from opsterm.services.serial.modem import LocalModem
from opsterm.services.serial.reader import Chunk
from opsterm.services.threads import in_thread

PIECE_BYTES = 4096
"""What may be on its way at one time: memory stays flat, and cancelling has little to take back."""
_DROP_ROUNDS = 50
_DROP_SECONDS = 0.01


@dataclass(slots=True)
class Piece(Line):
    """`size` bytes on their way; `taken` is called when the kernel has them. No line is shown for a hidden one."""

    size: int = 0
    hidden: bool = True
    taken: Callable[[], None] = field(default=lambda: None, repr=False)

    @classmethod
    def of(cls, line: Line, size: int) -> Piece:
        """A piece that is shown as `line`."""
        return cls(
            line.raw, line.text, line.first_ns, line.last_ns, line.source, line.direction, size=size, hidden=False
        )


class Channel:
    """What `SerialService.occupy` gives. All of it belongs on the event loop.

    When the port is lost or closed, whoever waits here gets that SerialError, and so does who comes later.
    """

    def __init__(
        self,
        name: str,
        link: Link,
        received: Callable[[bytes], None] | None,
        unsent: Callable[[list[Line]], None],
    ) -> None:
        self.name = name
        self._link = link
        self._received = received
        self._unsent = unsent
        self._under_way = 0
        self._news = asyncio.Event()
        self._ended: asyncio.Future[SerialError] = asyncio.get_running_loop().create_future()

    @property
    def diverts(self) -> bool:
        """Whether what comes in goes to this and does not become lines."""
        return self._received is not None and not self._ended.done()

    @property
    def rate_known(self) -> bool:
        """Whether the baud rate that is set means anything for this port."""
        return self._link.has_rate

    def take(self, chunks: list[Chunk]) -> int:
        """Hand on what came in; returns how many bytes."""
        data = b"".join(data for _, data in chunks)
        if self._received is not None:
            self._received(data)
        return len(data)

    async def send(self, data: bytes, shown: Line | None = None) -> None:
        """Send `data`, at most `PIECE_BYTES`; returns when the kernel has taken all of it. Raises SerialError.

        `shown` is the line that they end: it enters the ring at that moment, or marked as unsent when they are lost.
        """
        self._check()
        if not data:
            return
        line = shown or Line(b"", "", 0, 0, direction=Direction.TX)
        self._under_way += 1  # first: a socket may take it before `write` is over
        self._link.write(
            data,
            Piece(
                line.raw,
                line.text,
                line.first_ns,
                line.last_ns,
                line.source,
                line.direction,
                size=len(data),
                hidden=shown is None,
                taken=self._taken,
            ),
        )
        await asyncio.sleep(0)  # a fast line must not keep the loop to itself
        await self.drained()

    async def drained(self) -> None:
        """Wait until the kernel has taken all. Raises SerialError."""
        while self._under_way:
            self._check()
            self._news.clear()
            await self._news.wait()

    async def ended(self) -> SerialError:
        """Wait until the port is lost or closed; why."""
        return await asyncio.shield(self._ended)

    async def rest(self, seconds: float) -> None:
        """Wait so long, at least for a turn of the loop. Raises SerialError as soon as the port is lost or closed."""
        try:
            async with asyncio.timeout(seconds):
                raise await self.ended()
        except TimeoutError:
            self._check()

    def mark_unsent(self, line: Line) -> None:
        """Show `line` as one that did not leave, or not wholly."""
        self._unsent([line])

    def forget(self) -> None:
        """Take back what has not left the queue."""
        self._unsent(self._link.unsent())
        self._under_way = 0

    async def take_back(self) -> None:
        """Have nothing more leave, but for what the kernel has; where a piece has left in part, `drop` that, too."""
        self.forget()
        if self._link.queued:
            await self.drop()

    async def drop(self) -> None:
        """Take back what has not left, from the queue and, where that is possible, from the kernel."""
        self.forget()
        modem = self._link.modem
        if not isinstance(modem, LocalModem):
            return
        queued = 0
        try:
            for _ in range(_DROP_ROUNDS):
                # Not at once: it would also let a driver go on that the other side has stopped.
                wake = 0 < queued == self._link.queued
                queued = self._link.queued
                await in_thread(lambda wake=wake: modem.drop_output(wake), "drop what is not sent")  # type: ignore[misc]
                if not queued:
                    break
                await asyncio.sleep(_DROP_SECONDS)  # the rest of a piece moves to the kernel, and is dropped there
        except OSError:
            pass  # it went meanwhile, and the status says so

    def end(self, reason: SerialError) -> None:
        """The port is gone, or whoever has it is to stop, for this reason; the first one counts."""
        if not self._ended.done():
            self._ended.set_result(reason)
        self._news.set()

    def _check(self) -> None:
        if self._ended.done():
            raise self._ended.result()

    def _taken(self) -> None:
        self._under_way = max(0, self._under_way - 1)
        self._news.set()
