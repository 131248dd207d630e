"""One version of a decoder on its way along a ring, and the ring of what it makes of it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.services.serial.decoding.code import Code, DecoderError
from opsterm.services.serial.decoding.shown import ShownRing
from opsterm.services.serial.decoding.worker import Decoded, Worker, copy

log = logging.getLogger(__name__)

_LINES = 1_000
_BYTES = 512 * 1024
"""Of a batch: what is made of it enters the ring in one go, on the loop."""
_GATHER_SECONDS = 0.02
"""From a batch that was not full to the next, in a steady stream."""
_SHOWN_SECONDS = 1.0
"""After which nobody looks at a ring any more that is not the one to show."""
_GROWING = 16
"""Unfinished lines that may still grow; one for each connection of a merged ring, and some that never will."""


class Run:
    """Decodes what `source` has and gets into `ring`, and calls `told` with itself when there is something to know.

    Only received lines that have their ending are decoded; an unfinished one is shown as it came, and its place is
    taken by what is made of it when it is whole. Belongs on the event loop.
    """

    def __init__(self, source: Ring, code: Code, told: Callable[[Run], None]) -> None:
        self.code = code
        self.ring = ShownRing(source.max_lines, source.max_bytes)
        self.error = ""
        """The last thing that went wrong, in one line."""
        self.failed: set[int] = set()
        """Numbers in `source` of lines shown as they came because the decoder failed at them."""
        self.dead = False
        """It is at its end and decodes nothing more: it hung, or did not load."""
        self.proven = False
        """It has decoded a line."""
        self._source = source
        self._told = told
        self._next = source.first_seq
        self._goal = source.next_seq
        self._caught_up = False
        self._revision = source.revision
        self._growing: dict[int, tuple[Line, int]] = {}  # by number in `source`: the line, and its number in `ring`
        self._news = asyncio.Event()
        self._unlisten = source.listen(self._news.set)
        self._worker = Worker(code)
        self._task: asyncio.Task[None] | None = asyncio.create_task(self._follow())

    @property
    def caught_up(self) -> bool:
        """Whether everything that `source` had at the beginning is decoded."""
        return self._caught_up

    @property
    def next_seq(self) -> int:
        """Number in `source` of the first line that it has not come to yet."""
        return self._next

    def end(self) -> None:
        """End it, at once; may be called again."""
        self._unlisten()
        self._worker.end()
        if self._task is not None:
            self._task.cancel()
            self._task = None  # it keeps us, and two hundred thousand lines would wait for the collector
            threading.Thread(target=_let_go, args=(self.ring.since(0),), name="let go of lines", daemon=True).start()

    async def _follow(self) -> None:
        try:
            await self._worker.start()
            while True:
                self._news.clear()
                await self._grow()
                lines = self._batch()
                if lines:
                    await self._decode(lines)
                if not self._caught_up and self._next >= self._goal:
                    self._caught_up = True
                    self._told(self)
                if not lines:
                    await self._news.wait()
                elif len(lines) < _LINES and self._next > lines[-1].seq:
                    await asyncio.sleep(_GATHER_SECONDS)
        except DecoderError as error:
            self._die(error.reason)
        except Exception as defect:
            log.exception("decoding with %s ended by a defect", self.code.label)
            self._die(f"Decoding stopped by a defect of opsterm ({type(defect).__name__}).")

    def _die(self, error: str) -> None:
        self.dead = True
        self.error = error
        self._unlisten()
        self._worker.end()
        self._told(self)

    def _batch(self) -> list[Line]:
        first = self._source.first_seq
        if first > self._next:
            if self._caught_up:
                self._note_loss(first - self._next)
            self._next = first
        lines = self._source.since(self._next, self._next + _LINES)
        size = 0
        for count, line in enumerate(lines, 1):
            size += len(line.raw)
            if size >= _BYTES:
                return lines[:count]
        return lines

    async def _decode(self, lines: list[Line]) -> None:
        """Put what becomes of `lines`, or of as many as there was time for, into the ring."""
        whole = [line for line in lines if _is_whole(line)]
        decoded = await self._worker.decode(whole) if whole else Decoded([], [], "")
        made = iter(decoded.lines)
        shown: list[Line] = []
        left = len(decoded.lines)
        for line in lines:
            if _is_whole(line):
                if not left:
                    break
                left -= 1
                shown += next(made)
            else:
                if line.flags & Flag.PARTIAL and line.direction is Direction.RX:
                    self._remember(line, self.ring.next_seq + len(shown))
                shown.append(copy(line))
            self._next = line.seq + 1
        self.ring.extend(shown)
        self._judge(whole, decoded)

    async def _grow(self) -> None:
        """Where an unfinished line of the source is another one now, ours becomes that, too."""
        if self._revision == self._source.revision:
            return
        self._revision = self._source.revision
        for seq, (line, place) in list(self._growing.items()):
            if seq < self._source.first_seq or place < self.ring.first_seq:
                del self._growing[seq]
                continue
            now = self._source[seq]
            if now is line:
                continue
            if not _is_whole(now):
                self._growing[seq] = (now, place)
                self.ring.replace(place, copy(now))
                continue
            del self._growing[seq]
            decoded = await self._worker.decode([now])
            self._put(place, now, decoded.lines[0])
            self._judge([now], decoded)

    def _put(self, place: int, line: Line, made: list[Line]) -> None:
        if made:
            self.ring.replace(place, made[0])
            self.ring.extend(made[1:])
        elif place == self.ring.next_seq - 1:
            self.ring.drop_last()
        else:  # lines of another connection follow it, and none can go from between
            self.ring.replace(place, copy(line))

    def _remember(self, line: Line, place: int) -> None:
        self._growing[line.seq] = (line, place)
        if len(self._growing) > _GROWING:
            del self._growing[min(self._growing)]

    def _judge(self, lines: list[Line], decoded: Decoded) -> None:
        if len(decoded.failed) < len(decoded.lines):
            self.proven = True
        if not decoded.failed:
            return
        self.failed.update(lines[at].seq for at in decoded.failed)
        if len(self.failed) > 2 * self._source.max_lines:
            self.failed = {seq for seq in self.failed if seq >= self._source.first_seq}
        self.error = decoded.error
        self._told(self)

    def _note_loss(self, count: int) -> None:
        now = self._source[self._source.first_seq].first_ns
        text = f"{self.code.label} is too slow: {count:,} lines not decoded and not shown"
        self.ring.append(Line(text.encode(), text, now, now, direction=Direction.NOTE, flags=Flag.GAP))


def _let_go(lines: list[Line]) -> None:
    """Free `lines` bit by bit: 200,000 in one go take 50 ms, for which the loop would stand still."""
    time.sleep(_SHOWN_SECONDS)
    while lines:
        del lines[-2_000:]
        time.sleep(0.001)


def _is_whole(line: Line) -> bool:
    return line.direction is Direction.RX and not line.flags & Flag.PARTIAL
