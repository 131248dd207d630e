"""The part of a capture that waits for the disk: lines become bytes, and what cannot be written is counted."""

from __future__ import annotations

import os
import time
from bisect import bisect_right

from opsterm.services.lines import Direction, Flag, Line
from opsterm.services.serial.capture_file import CaptureFile, Rotation
from opsterm.services.serial.forms import Form

Item = tuple[Line, bool]
"""A line, and whether it may still grow."""


def missing(count: int, why: str) -> Line:
    """The note that stands in a capture where `count` lines could not be written."""
    now = time.time_ns()
    text = f"{count:,} lines missing here: {why}"
    return Line(text.encode(), text, now, now, direction=Direction.NOTE, flags=Flag.GAP)


class CaptureWriter:
    """Writes to the file of a capture. Everything but the attributes blocks: call it on one thread.

    `written` is bytes, `lost` lines, or bytes in the raw form. `problem` says why the last write failed, empty when
    it did not; each write tries anew.
    """

    def __init__(self, path: str, form: Form, rotation: Rotation) -> None:
        self.written = 0
        self.lost = 0
        self.problem = ""
        self._is_raw = form is Form.RAW
        self._file = CaptureFile(path, rotation)
        self._renderer = form.renderer()
        self._buffer = bytearray()
        self._ends: list[int] = []  # of each finished line in the buffer
        self._kept = 0  # of the lines or bytes of this write
        self._untold = 0  # lost since the file last told of it

    def open(self) -> None:
        """Be ready to append, in the file that has the name now. Raises OSError."""
        if not self._file.open():
            return
        self._renderer.restart()
        if not self._is_raw and self._file.ends_within_a_line:
            self._file.append(b"\n")

    def write(self, items: list[Item]) -> None:
        """Append `items`; raises nothing, but tells in `lost` and `problem`."""
        wanted = sum(len(line.raw) if self._is_raw else not growing for line, growing in items)
        self._kept = 0
        try:
            self.open()
            if self._untold and not self._is_raw:
                self._file.append(self._renderer.render(missing(self._untold, self.problem), False))
            for line, growing in items:
                self._render(line, growing)
            self._flush()
        except OSError as error:
            self.problem = os.strerror(error.errno or 0)
            self.lost += wanted - self._kept
            self._untold += wanted - self._kept
            self._buffer.clear()
            self._ends.clear()
            self.close()
        else:
            self.problem = ""
            self._untold = 0

    def close(self) -> None:
        """Close the file; another write opens it again."""
        self._file.close()

    def _render(self, line: Line, growing: bool) -> None:
        if not self._renderer.growing and self._file.is_full(len(self._buffer), line.first_ns):
            self._flush()
            self._file.rotate()
            self._renderer.restart()
        self._buffer += self._renderer.render(line, growing)
        if not growing:
            self._ends.append(len(self._buffer))

    def _flush(self) -> None:
        before = self._file.size
        try:
            self._file.append(self._buffer)
        finally:
            done = self._file.size - before
            self.written += done
            self._kept += done if self._is_raw else bisect_right(self._ends, done)
        self._buffer.clear()
        self._ends.clear()
