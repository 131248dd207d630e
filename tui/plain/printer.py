"""From a ring to a file descriptor, without ever holding up the loop."""

from __future__ import annotations

import asyncio
import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from opsterm.services.lines import Direction, Flag, Line, Ring, in_words

_ENOUGH = 20_000
"""Lines that may wait to be printed, a small part of what a ring holds."""


class Printer:
    """Prints the lines of `ring` to `fd` as they come, a batch at a time.

    Lines are printed as `str` has them, or in the words of `form`; notes are sentences, and go to `say`: those that
    `noted` has words for. While the reader of `fd` is slow, `hold(True)` asks for the ring to grow no
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
        form: Callable[[Line], str] | None = None,
        noted: Callable[[Line], str] = lambda note: f"{note.text}." if note.flags & Flag.GAP else "",
    ) -> None:
        self._ring = ring
        self._output = _Output(fd)
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
            self._output.close()

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
        notes = [line for line in lines if line.direction is Direction.NOTE]
        for note in notes:
            if words := self._noted(note):
                self._say(words)
        if notes:
            lines = [line for line in lines if line.direction is not Direction.NOTE]
        if lines:
            rows = [self._form(line) for line in lines] if self._form else in_words(lines)
            rows.append("")
            await self._output.write("\n".join(rows).encode())


class _Output:
    """A descriptor that is written to on a thread of its own: whoever reads it may take any time."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._given: SimpleQueue[tuple[bytes, asyncio.Future[None]] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="standard output", daemon=True).start()

    async def write(self, data: bytes) -> None:
        """Return when all of it is written. Raises OSError when nobody reads any more."""
        written: asyncio.Future[None] = self._loop.create_future()
        self._given.put((data, written))
        await written

    def close(self) -> None:
        """Have the thread end, once what it is at is written; does not wait for it."""
        self._given.put(None)

    def _run(self) -> None:
        with suppress(RuntimeError):  # the loop is closed
            while given := self._given.get():
                data, written = given
                failure: OSError | None = None
                try:
                    _write(self._fd, data)
                except OSError as error:
                    failure = error
                self._loop.call_soon_threadsafe(_settle, written, failure)


def _settle(written: asyncio.Future[None], failure: OSError | None) -> None:
    if written.cancelled():
        return
    if failure is None:
        written.set_result(None)
    else:
        written.set_exception(failure)


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            select.select([], [fd], [])
