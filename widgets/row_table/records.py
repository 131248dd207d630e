"""The records of which a `RowTable` is made: columns, cells and rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Widths are cells.

    Where the table is too narrow, flexible columns shrink to `min_width` first (to their title, where that is wider),
    then whole columns go, those of the highest `priority` first, among equals the rightmost.
    """

    key: str
    title: str
    align: Literal["left", "right"] = "left"
    priority: int = 0
    min_width: int = 0
    max_width: int = 0
    """0 for no limit."""
    flexible: bool = False
    ticking: bool = False
    """Its cells change by themselves, as an age does: a change there is no news and is not drawn bold."""


class Cell(NamedTuple):
    """One cell. `role` names a component class of `RowTable` without its prefix, and thereby a colour of the theme.

    `sort` stands for the text when the table is sorted by this column; the values of one column must compare with
    each other. In a column where some cells have it, those without come last whichever way it is sorted.
    """

    text: str
    role: str = ""
    sort: Any = None


class Row(NamedTuple):
    """One row, known by its `key` for as long as it lives. Cells stand in the order of the columns.

    `search` is what a filter may look at beside the cells; `sign` one character for the left edge, such as `+` for a
    row that has just appeared. Both this and `Cell` are tuples because thousands of them are compared at each list.
    """

    key: str
    cells: tuple[Cell | str, ...]
    search: str = ""
    sign: str = ""

    def texts(self) -> list[str]:
        """The text of each cell."""
        return [cell if isinstance(cell, str) else cell.text for cell in self.cells]


def cell_of(row: Row, index: int) -> Cell:
    """The cell of `row` in the column at `index`; an empty one where the row is shorter than the columns."""
    if index >= len(row.cells):
        return Cell("")
    cell = row.cells[index]
    return Cell(cell) if isinstance(cell, str) else cell
