"""From a ring to a file descriptor, without ever holding up the loop."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable

from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.services.threads import in_thread

_ENOUGH = 20_000
"""Lines that may wait to be printed, a small part of what a ring holds."""


class Printer:
    """Prints the lines of `ring` to `fd` as they come, a batch at a time.

    Lines are printed in the words of `form`; notes are sentences, and go to `say`: those that `noted` has words for.
    While the reader of `fd` is slow, `hold(True)` asks for the ring to grow no
    further; what it evicts unprinted all the same is counted, and said. `closed` is called when nobody reads `fd` any
    more.
    """

    def __init__(
        self,
        ring: Ring,
        fd: int,
        say: Callable[[str], None],
        hold: Callable[[bool], None],
        closed: Callable[[], None],
        *,
        form: Callable[[Line], str] = str,
        noted: Callable[[Line], str] = lambda note: f"{note.text}." if note.flags & Flag.GAP else "",
    ) -> None:
        self._ring = ring
        self._fd = fd
        self._say = say
        self._hold = hold
        self._closed = closed
        self._form = form
        self._noted = noted
        self._seq = ring.next_seq
        self._news = asyncio.Event()
        self._finishing = False

    async def run(self) -> None:
        """Print until `finish` and all is printed, or until nobody reads."""
        end = self._ring.listen(self._changed)
        try:
            while not self._finishing:
                await self._news.wait()
                self._news.clear()
                await self._print(self._take())
                self._hold(False)
            await self._print(self._take())
        except OSError:
            self._closed()
        finally:
            end()

    def finish(self) -> None:
        """Have `run` print what is left, an unfinished line too, and return."""
        self._finishing = True
        self._news.set()

    def _changed(self) -> None:
        self._news.set()
        if self._ring.next_seq - self._seq > _ENOUGH:
            self._hold(True)

    def _take(self) -> list[Line]:
        """The lines not yet printed; an unfinished one at the end may grow, and waits until it is closed."""
        lines = self._ring.since(self._seq)
        if lines and lines[0].seq > self._seq:
            self._say(f"{lines[0].seq - self._seq:,} lines dropped: whoever reads this is too slow.")
        if lines and lines[-1].flags & Flag.PARTIAL and not self._finishing:
            lines.pop()
        if lines:
            self._seq = lines[-1].seq + 1
        return lines

    async def _print(self, lines: list[Line]) -> None:
        for line in lines:
            if line.direction is Direction.NOTE and (words := self._noted(line)):
                self._say(words)
        text = "".join([f"{self._form(line)}\n" for line in lines if line.direction is not Direction.NOTE])
        if text:
            await in_thread(lambda: _write(self._fd, text.encode()), "standard output")


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            select.select([], [fd], [])
