"""Two ports joined: what comes in at one goes out at the other, and both directions are seen (a sniffer)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from opsterm.services.lines import Flag
from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.reader import Chunk
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.transfer.channel import PIECE_BYTES, Channel
from opsterm.services.service import State

NAME = "a bridge"
MAX_QUEUE = 1024 * 1024
"""Bytes that may wait for a side that does not take them; what comes on top is lost, and counted."""


class Bridge:
    """Joins `first` and `second` whenever both are open, until it is stopped. Typed lines are refused meanwhile.

    `passed` counts the bytes handed on each way, `lost` those that could not be: the other side did not read, or was
    gone. A loss is told among the lines of the side that it came from.
    """

    def __init__(self, first: SerialService, second: SerialService) -> None:
        self._sides = (first, second)
        self.passed = [0, 0]
        self.lost = 0
        self._joined = False
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to join them."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="bridge")

    async def stop(self) -> None:
        """Take them apart; both stay open."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        with ExitStack() as stack:
            for side in self._sides:
                stack.callback(side.listen(self._changed.set))
                stack.enter_context(self._counting(side))
            while True:
                self._changed.clear()
                if all(side.status.state is State.LIVE for side in self._sides):
                    with suppress(SerialError):  # one is busy with something else: the next change tells
                        await self._join()
                await self._changed.wait()

    @contextmanager
    def _counting(self, side: SerialService) -> Iterator[None]:
        """Count what comes in while there is nothing to hand it on to, and say so at its first."""
        told = False

        def take(chunks: list[Chunk]) -> None:
            nonlocal told
            if self._joined:
                told = False
                return
            self.lost += sum(len(data) for _, data in chunks)
            side.counters.gaps += not told
            if not told:
                told = True
                side.note("the other side of the bridge is not open: what comes now does not get across", Flag.GAP)

        side.taps.append(take)
        try:
            yield
        finally:
            side.taps.remove(take)

    async def _join(self) -> None:
        first, second = self._sides
        with first.occupy(NAME) as into_first, second.occupy(NAME) as into_second:
            ways = (_Way(first, into_second), _Way(second, into_first))
            tasks = [asyncio.create_task(self._pass_on(number, way)) for number, way in enumerate(ways)]
            with ways[0].tapped(), ways[1].tapped():
                self._joined = True
                try:
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    self._joined = False
                    for task in tasks:
                        task.cancel()
                    await asyncio.wait(tasks)
                    for way in ways:
                        self.lost += way.end()

    async def _pass_on(self, number: int, way: _Way) -> None:
        gone = asyncio.ensure_future(way.into.ended())
        with suppress(SerialError):  # the other side is gone, and its status says so
            while not gone.done():
                news = asyncio.ensure_future(way.news.wait())
                await asyncio.wait([gone, news], return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                way.news.clear()
                while way.queue:
                    data = way.next()
                    await way.into.send(data)
                    way.sent(len(data))
                    self.passed[number] += len(data)
        gone.cancel()


class _Way:
    """One direction: what came from `source` and waits to go `into` the other."""

    def __init__(self, source: SerialService, into: Channel) -> None:
        self.into = into
        self.news = asyncio.Event()
        self.queue: deque[bytes] = deque()
        self._source = source
        self._waiting = 0
        self._lost = 0

    @contextmanager
    def tapped(self) -> Iterator[None]:
        """Listen to the source."""
        self._source.taps.append(self._take)
        try:
            yield
        finally:
            self._source.taps.remove(self._take)

    def next(self) -> bytes:
        """The bytes to send next; they count as waiting until `sent` is told."""
        data = self.queue.popleft()
        if len(data) > PIECE_BYTES:
            self.queue.appendleft(data[PIECE_BYTES:])
        return data[:PIECE_BYTES]

    def sent(self, size: int) -> None:
        """The other side has so many bytes more."""
        self._waiting -= size

    def end(self) -> int:
        """Count what will not be handed on any more, and say so; returns how many bytes are lost in all."""
        lost = self._lost + self._waiting
        if lost:
            self._source.counters.gaps += 1
            self._source.note(f"{lost:,} bytes did not get across the bridge", Flag.GAP)
        return lost

    def _take(self, chunks: list[Chunk]) -> None:
        for _, data in chunks:
            if self._waiting + len(data) > MAX_QUEUE:
                self._lost += len(data)
            else:
                self._waiting += len(data)
                self.queue.append(data)
        self.news.set()
