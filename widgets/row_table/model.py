"""What a table holds and in which order it shows it: pure logic, without a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from opsterm.widgets.row_table.records import Cell, Row, cell_of

Test = Callable[[Row], bool]


@dataclass(slots=True)
class Change:
    """What one update did to a `RowModel`."""

    rows: list[Row] = field(default_factory=list)
    """Rows that are new or differ in anything."""
    cells: list[tuple[str, int]] = field(default_factory=list)
    """Key and column of each cell whose text is another than before, in rows that were there before."""
    gone: list[str] = field(default_factory=list)
    """Keys of rows that vanished."""
    moved: bool = False
    """Whether the rows shown, or their order, are others than before."""
    unmarked: bool = False
    """Whether a mark vanished with its row."""

    def __bool__(self) -> bool:
        return bool(self.rows or self.gone or self.moved)


class RowModel:
    """Rows by key, and the view of them: filtered, sorted, with a cursor and marks that belong to keys.

    The cursor stays on its key whatever happens around it. When its row vanishes or no longer passes the filter, it
    stays at its index (or at the last row, where there are fewer). It is None only while nothing is shown.
    """

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.shown: list[str] = []
        self.marks: set[str] = set()
        self.cursor: str | None = None
        self.index = 0
        """Index of the cursor in `shown`."""
        self.sort_column: int | None = None
        self.sort_reverse = False
        self._test: Test | None = None
        self._passing: set[str] = set()
        self._last_mark: str | None = None

    def replace(self, rows: Iterable[Row]) -> Change:
        """Make `rows` all that there is, in their order; of two with one key the later counts."""
        old, order = self.rows, list(self.rows)
        new = {row.key: row for row in rows}
        change = Change(gone=[key for key in old if key not in new])
        reorder = bool(change.gone) or order != list(new)
        for key, row in new.items():
            before = old.get(key)
            if before is not None and before == row:
                new[key] = before  # the very object: what was drawn from it is still right
            else:
                reorder |= self._note(change, before, row)
        self.rows = new
        return self._settle(change, reorder=reorder)

    def update(self, changed: Iterable[Row], removed: Iterable[str] = ()) -> Change:
        """Replace or append `changed`, then drop the keys in `removed`; a key that is not there is ignored."""
        change, reorder = Change(), False
        for row in changed:
            before = self.rows.get(row.key)
            if before != row:
                reorder |= self._note(change, before, row)
                self.rows[row.key] = row
        change.gone = [key for key in dict.fromkeys(removed) if self.rows.pop(key, None) is not None]
        return self._settle(change, reorder=reorder or bool(change.gone))

    def sort(self, column: int | None, reverse: bool = False) -> None:
        """Show the rows by this column; equal ones, and all of them for None, in the order in which they came."""
        self.sort_column, self.sort_reverse = column, reverse
        self._arrange()

    def filter(self, test: Test | None) -> None:
        """Show only rows that pass `test`; all for None. It is asked again only about rows that change."""
        self._test = test
        self._passing = {key for key, row in self.rows.items() if test(row)} if test else set()
        self._arrange()

    def move_to_index(self, index: int) -> bool:
        """Put the cursor at `index` of what is shown, or at the nearest end; whether it moved."""
        before = self.cursor
        self.index = max(0, min(index, len(self.shown) - 1))
        self.cursor = self.shown[self.index] if self.shown else None
        return self.cursor != before

    def toggle_mark(self, key: str) -> None:
        """Mark the row, or take its mark away."""
        self.marks.symmetric_difference_update((key,))
        self._last_mark = key if key in self.marks else None

    def mark_range(self) -> None:
        """Mark all rows shown from the last mark, or from the cursor where there is none, to the cursor."""
        if self.cursor is None:
            return
        start = self.shown.index(self._last_mark) if self._last_mark in self.shown else self.index
        low, high = sorted((start, self.index))
        self.marks.update(self.shown[low : high + 1])
        self._last_mark = self.cursor

    def clear_marks(self) -> None:
        """Take every mark away."""
        self.marks.clear()
        self._last_mark = None

    def _note(self, change: Change, before: Row | None, row: Row) -> bool:
        """Record that `row` is new or another; whether that can change what is shown, or its order."""
        change.rows.append(row)
        passed = row.key in self._passing
        if self._test is not None:
            (self._passing.add if self._test(row) else self._passing.discard)(row.key)
        if before is None:
            return True
        pairs = zip(before.texts(), row.texts(), strict=False)
        change.cells += [(row.key, index) for index, (was, now) in enumerate(pairs) if was != now]
        column = self.sort_column
        resorted = column is not None and cell_of(before, column) != cell_of(row, column)
        return resorted or passed != (row.key in self._passing)

    def _settle(self, change: Change, *, reorder: bool) -> Change:
        marked = len(self.marks)
        self.marks.difference_update(change.gone)
        self._passing.difference_update(change.gone)
        change.unmarked = len(self.marks) != marked
        if reorder:
            before = self.shown
            self._arrange()
            change.moved = self.shown != before
        return change

    def _arrange(self) -> None:
        shown = list(self.rows) if self._test is None else [key for key in self.rows if key in self._passing]
        if self.sort_column is not None:
            shown = _sorted(shown, self.rows, self.sort_column, self.sort_reverse)
        self.shown = shown
        index = self.index
        if self.cursor is not None and self._shows(self.cursor):
            same_place = index < len(shown) and shown[index] == self.cursor
            index = index if same_place else shown.index(self.cursor)
        self.move_to_index(index)

    def _shows(self, key: str) -> bool:
        return key in self.rows and (self._test is None or key in self._passing)


def _sorted(keys: Sequence[str], rows: dict[str, Row], column: int, reverse: bool) -> list[str]:
    found: list[tuple[str, Cell]] = [(key, cell_of(rows[key], column)) for key in keys]
    valued: list[tuple[Any, str]] = [(cell.sort, key) for key, cell in found if cell.sort is not None]
    if not valued:
        valued = [(cell.text.casefold(), key) for key, cell in found]
        missing: list[str] = []
    else:
        missing = [key for key, cell in found if cell.sort is None]
    valued.sort(key=itemgetter(0), reverse=reverse)
    return [key for _, key in valued] + missing
