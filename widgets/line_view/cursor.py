"""The lines that the user points at: a cursor, a run of chosen lines, and bookmarks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from opsterm.widgets.line_view.layout import Layout


class LineCursor:
    """Holds sequence numbers, so that nothing in it moves when lines arrive, go, or are filtered."""

    def __init__(self) -> None:
        self.seq: int | None = None
        """The line under the cursor; None while there is no cursor."""
        self.chosen_from: int | None = None
        """Where the run of chosen lines began; it reaches to the cursor. None while nothing is chosen."""
        self.bookmarks: list[int] = []

    def clear(self) -> None:
        """Take the cursor away, and with it what is chosen; bookmarks stay."""
        self.seq = self.chosen_from = None

    @property
    def chosen(self) -> range:
        """The sequence numbers chosen; empty when none are."""
        if self.seq is None or self.chosen_from is None:
            return range(0)
        return range(min(self.seq, self.chosen_from), max(self.seq, self.chosen_from) + 1)

    def toggle_bookmark(self, seq: int) -> None:
        """Set a bookmark on the line, or take it off."""
        if seq in self.bookmarks:
            self.bookmarks.remove(seq)
        else:
            insort(self.bookmarks, seq)

    def next_bookmark(self, seq: int, layout: Layout) -> int | None:
        """The bookmarked line shown after `seq`, from the oldest again after the last; None when there is none."""
        at = bisect_right(self.bookmarks, seq)
        return next((mark for mark in self.bookmarks[at:] + self.bookmarks[:at] if layout.has(mark)), None)

    def forget(self, first_seq: int) -> None:
        """Drop what points at lines before `first_seq`, which are gone; a run that began there is shortened."""
        del self.bookmarks[: bisect_left(self.bookmarks, first_seq)]
        if self.seq is not None and self.seq < first_seq:
            self.clear()
        if self.chosen_from is not None:
            self.chosen_from = max(self.chosen_from, first_seq)
