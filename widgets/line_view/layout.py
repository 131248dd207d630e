"""Which lines are shown and on which rows: sequence numbers and row numbers, both growing at either end.

Row numbers are absolute: a line keeps its own while lines are added after it, put before it (rows then go below
zero), or evicted from the front. So a pane that remembers the absolute row at its top never drifts.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


class Layout:
    """The lines shown, oldest first. Finding a line or a row takes O(log n); adding and evicting O(1) a line."""

    def __init__(self) -> None:
        self._seqs: array[int] = array("q")
        self._tops: array[int] = array("q")
        self._head = 0  # what stands before it is evicted, and cut away now and then
        self._end = 0

    def __len__(self) -> int:
        return len(self._seqs) - self._head

    def __getitem__(self, index: int) -> int:
        """Sequence number of the shown line `index`, from 0."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._seqs[self._head + index]

    @property
    def first_row(self) -> int:
        """Absolute row of the oldest line."""
        return self._tops[self._head] if len(self) else self._end

    @property
    def end_row(self) -> int:
        """Absolute row after the newest line."""
        return self._end

    @property
    def height(self) -> int:
        """Rows of all lines together."""
        return self._end - self.first_row

    def append(self, seqs: Sequence[int], heights: Sequence[int] | None) -> None:
        """Add newer lines; `heights` in rows, or None where each line has one."""
        self._seqs.extend(seqs)
        if heights is None:
            self._tops.extend(range(self._end, self._end + len(seqs)))
            self._end += len(seqs)
            return
        for height in heights:
            self._tops.append(self._end)
            self._end += height

    def prepend(self, seqs: Sequence[int], heights: Sequence[int] | None) -> None:
        """Add older lines, given oldest first."""
        row = self.first_row - (len(seqs) if heights is None else sum(heights))
        front = Layout()
        front._end = row
        front.append(seqs, heights)
        self._seqs = front._seqs + self._seqs[self._head :]
        self._tops = front._tops + self._tops[self._head :]
        self._head = 0

    def evict(self, first_seq: int) -> int:
        """Forget the lines before `first_seq`; returns how many that were."""
        head = bisect_left(self._seqs, first_seq, self._head)
        gone, self._head = head - self._head, head
        if head * 2 > len(self._seqs):
            del self._seqs[:head], self._tops[:head]
            self._head = 0
        return gone

    def pop(self) -> None:
        """Take the newest line off."""
        self._seqs.pop()
        self._end = self._tops.pop()
        self._head = min(self._head, len(self._seqs))

    def index(self, seq: int) -> int:
        """Index of the line `seq`, or of the next newer one that is shown; `len` when there is none."""
        return bisect_left(self._seqs, seq, self._head) - self._head

    def has(self, seq: int) -> bool:
        """Whether the line `seq` is shown."""
        index = self.index(seq)
        return index < len(self) and self[index] == seq

    def top(self, index: int) -> int:
        """Absolute row on which the shown line `index` begins; `end_row` for an index past the end."""
        return self._tops[self._head + index] if index < len(self) else self._end

    def at(self, row: int) -> tuple[int, int] | None:
        """The line on an absolute row, as its index and the row within it; None where no line is."""
        if not self.first_row <= row < self._end:
            return None
        index = bisect_right(self._tops, row, self._head) - 1
        return index - self._head, row - self._tops[index]
