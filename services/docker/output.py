"""Cutting what a build step prints into lines."""

from __future__ import annotations

import time

from opsterm.services.lines import Flag, Line
from opsterm.services.text import decode

LONGEST = 64 * 1024
"""Most bytes of one line; what is longer goes on in the next."""


class Cutter:
    """The output of one step and stream. A line drawn over itself by carriage returns becomes its last state."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._rest = b""

    def feed(self, data: bytes) -> list[Line]:
        """The lines that `data` completes."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        lines = [self._line(raw) for raw in whole]
        while len(self._rest) > LONGEST:
            lines.append(self._line(self._rest[:LONGEST], Flag.CUT))
            self._rest = self._rest[LONGEST:]
        return lines

    def end(self) -> list[Line]:
        """The last line, when it had no ending."""
        rest, self._rest = self._rest, b""
        return [self._line(rest)] if rest else []

    def _line(self, raw: bytes, flags: Flag = Flag.NONE) -> Line:
        now = time.time_ns()
        if not flags:
            raw = raw.rstrip(b"\r").rpartition(b"\r")[2]
        if len(raw) > LONGEST:
            raw, flags = raw[:LONGEST], Flag.CUT
        return Line(raw, decode(raw), now, now, self._source, flags=flags)
