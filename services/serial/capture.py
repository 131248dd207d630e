"""Writing what passes to a file while it goes on, so that no disk can hold up the line."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from opsterm.services.lines import Flag, Line, Ring
from opsterm.services.serial.capture_file import Rotation
from opsterm.services.serial.capture_writer import CaptureWriter, Item, missing
from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.forms import Form
from opsterm.services.serial.reader import Chunk
from opsterm.services.threads import in_thread

MAX_QUEUE = 64 * 1024 * 1024
"""Bytes of memory that may wait for the disk; what comes on top is lost, and counted."""
_GATHER_SECONDS = 0.02
"""Between two writes: fewer of them, and far from the 100 ms that a killed program may lose."""
_PIECE_LINES = 5_000
_STOP_SECONDS = 0.8
_TOO_SLOW = "the disk is too slow"


class Capture:
    """Appends to one file what a ring gets (`follow`) or the bytes that come in (`take`), as its form wants.

    What the operating system has taken survives the end of this program, however it ends. What cannot be written is
    counted, and named once to `told`; writing goes on as soon as it can, with a note in the file. All methods belong
    on the event loop, and `told` is called there; the writing is done by a thread.
    """

    def __init__(
        self,
        path: str,
        form: Form | None = None,
        rotation: Rotation | None = None,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self.path = path
        self.form = form or Form.of(path)
        self._told = told or (lambda _: None)
        self._writer = CaptureWriter(path, self.form, rotation or Rotation())
        self._queue: deque[Item] = deque()
        self._put = 0  # bytes, by the loop
        self._taken = 0  # bytes, by the thread
        self._overrun = 0  # all for which there was no room
        self._untold = 0  # of these, what the file does not tell of yet
        self._news = threading.Event()
        self._finishing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"capture {path}", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seq = 0
        self._growing: Line | None = None
        self._ends: list[Callable[[], None]] = []

    @property
    def written(self) -> int:
        """Bytes written since `start`."""
        return self._writer.written

    @property
    def lost(self) -> int:
        """Lines, or bytes of the raw form, that could not be written."""
        return self._overrun + self._writer.lost

    @property
    def problem(self) -> str:
        """Why nothing is written now, in a few words; empty while all is well."""
        return _TOO_SLOW if self._untold else self._writer.problem

    async def start(self) -> None:
        """Open the file. Raises SerialError where that is impossible; later it would only be a `problem`."""
        try:
            await in_thread(self._writer.open, f"open {self.path}")
        except OSError as error:
            raise SerialError(f"Cannot capture to {self.path}: {os.strerror(error.errno or 0)}.") from None
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits and close the file, within a second. May be called again."""
        for end in self._ends:
            end()
        self._ends.clear()
        if not self._thread.is_alive():
            return
        if self._growing is not None:
            self._add(self._growing, False)  # it will not grow here any more
        self._finishing.set()
        self._news.set()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await in_thread(self._thread.join, f"close {self.path}")
        except TimeoutError:
            self._told(f"Capture to {self.path}: {len(self._queue):,} lines were not written in time.")

    def attach(self, ring: Ring, taps: list[Callable[[list[Chunk]], None]]) -> None:
        """Write from now on what the form is of: the lines of `ring`, or what `taps` are given. `stop` ends it."""
        if self.form is Form.RAW:
            taps.append(self.take)
            self._ends.append(lambda: taps.remove(self.take))
        else:
            self.follow(ring)

    def follow(self, ring: Ring) -> None:
        """Write the lines that `ring` gets from now on, and an unfinished one that it has."""
        self._seq = ring.next_seq
        if len(ring) and ring[self._seq - 1].flags & Flag.PARTIAL:
            self._seq -= 1
        self._ends.append(ring.listen(lambda: self._follow(ring)))

    def take(self, chunks: list[Chunk]) -> None:
        """Write the bytes of `chunks`, for the raw form."""
        for t_ns, data in chunks:
            self._add(Line(data, "", t_ns, t_ns), False)
        self._news.set()

    def _follow(self, ring: Ring) -> None:
        lines = ring.since(self._seq)
        if not lines or lines == [self._growing]:
            return
        if lines[0].seq > self._seq:
            self._miss(lines[0].seq - self._seq)
        growing = bool(lines[-1].flags & Flag.PARTIAL)
        self._growing = lines[-1] if growing else None
        self._seq = ring.next_seq - growing
        for line in lines[:-1]:
            self._add(line, False)
        self._add(lines[-1], growing)
        self._news.set()

    def _add(self, line: Line, growing: bool) -> None:
        # Once it was full it must be half empty again: one long loss is told better than many short ones.
        if self._put - self._taken > (MAX_QUEUE // 2 if self._untold else MAX_QUEUE):
            if not growing:
                self._miss(len(line.raw) if self.form is Form.RAW else 1)
            return
        if self._untold:
            if self.form is not Form.RAW:
                self._put_item(missing(self._untold, _TOO_SLOW), False)
            self._untold = 0
        self._put_item(line, growing)

    def _put_item(self, line: Line, growing: bool) -> None:
        self._put += line.cost
        self._queue.append((line, growing))

    def _miss(self, count: int) -> None:
        if not self._untold:
            self._told(f"Capture to {self.path} loses lines: {_TOO_SLOW}.")
        self._overrun += count
        self._untold += count

    def _run(self) -> None:
        last = False
        while not last:
            self._news.wait()
            self._news.clear()
            last = self._finishing.is_set()
            while self._queue:
                self._write()
            self._finishing.wait(_GATHER_SECONDS)
        self._writer.close()

    def _write(self) -> None:
        items = [self._queue.popleft() for _ in range(min(len(self._queue), _PIECE_LINES))]
        before = self._writer.problem
        self._writer.write(items)
        self._taken += sum(line.cost for line, _ in items)
        now = self._writer.problem
        if now != before and self._loop is not None:
            sentence = f"Cannot capture to {self.path}: {now}." if now else self._again()
            with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                self._loop.call_soon_threadsafe(self._told, sentence)

    def _again(self) -> str:
        what = "bytes" if self.form is Form.RAW else "lines"
        return f"Capture to {self.path} goes on, {self._writer.lost:,} {what} lost."
