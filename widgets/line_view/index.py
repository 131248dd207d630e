"""Which lines of a ring pass a test, found in slices that never hold up the event loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from opsterm.services.lines import Direction, Line, Ring
from opsterm.widgets.line_view.layout import Layout

_CHUNK = 2_000
"""Lines looked at between two looks at the clock."""


class LineIndex:
    """The lines of `ring` that pass, found from sequence number `start` outwards in both directions.

    So what the reader looks at is right at once and the rest follows, and lines that arrive are found by the same
    step. `passes` is the test, None for all lines; `height` gives the rows a line takes, None where that is one.
    Lines before `floor` count as gone.
    """

    def __init__(
        self,
        ring: Ring,
        start: int,
        floor: int = 0,
        passes: Callable[[Line], bool] | None = None,
        height: Callable[[Line], int] | None = None,
    ) -> None:
        self.layout = Layout()
        self.notes = Layout()
        """Those among the lines found that are notes."""
        self._ring = ring
        self._floor = floor
        self._passes = passes
        self._height = height
        self._revision = ring.revision
        self._low = self._high = max(start, self.first_seq)

    @property
    def first_seq(self) -> int:
        """Sequence number of the oldest line that can be found."""
        return max(self._ring.first_seq, self._floor)

    @property
    def next_seq(self) -> int:
        """Sequence number of the first line that arrived and was not looked at yet."""
        return self._high

    @property
    def behind(self) -> int:
        """How many lines arrived that were not looked at yet."""
        return self._ring.next_seq - self._high

    @property
    def complete(self) -> bool:
        """Whether every line was looked at."""
        return not self.behind and self._low <= self.first_seq

    def grow(self, seconds: float) -> bool:
        """Forget what the ring evicted and look at more lines, for about `seconds`; returns `complete`."""
        self._forget()
        self._look_again()
        deadline = time.monotonic() + seconds
        while not self.complete:
            self._forward()
            self._backward()
            if time.monotonic() > deadline:
                break
        return self.complete

    def _forget(self) -> None:
        first = self.first_seq
        self.layout.evict(first)
        self.notes.evict(first)
        self._low, self._high = max(self._low, first), max(self._high, first)

    def _look_again(self) -> None:
        """Lines that were replaced since the last look are looked at again, with all newer ones."""
        if self._revision == self._ring.revision:
            return
        seq = self._ring.replaced_since(self._revision)
        self._revision = self._ring.revision
        # A replaced line is nearly always the newest or among the last few.
        while self._high > max(seq, self._low):
            self._high -= 1
            for found in (self.layout, self.notes):
                if found.has(self._high):
                    found.pop()

    def _forward(self) -> None:
        if self.behind:
            lines = self._ring.since(self._high, self._high + _CHUNK)
            self._high += len(lines)
            seqs, notes, heights = self._look(lines)
            self.layout.append(seqs, heights)
            self.notes.append(notes, None)

    def _backward(self) -> None:
        if self._low > self.first_seq:
            low = max(self._low - _CHUNK, self.first_seq)
            lines = self._ring.since(low, self._low)
            self._low = low
            seqs, notes, heights = self._look(lines)
            self.layout.prepend(seqs, heights)
            self.notes.prepend(notes, None)

    def _look(self, lines: list[Line]) -> tuple[Sequence[int], Sequence[int], Sequence[int] | None]:
        passes, height = self._passes, self._height
        found = lines if passes is None else [line for line in lines if passes(line)]
        notes = [line.seq for line in found if line.direction is Direction.NOTE]
        return [line.seq for line in found], notes, None if height is None else [height(line) for line in found]
