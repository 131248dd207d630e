"""How wide the columns of a table are, and which of them are drawn where it is narrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from opsterm.widgets.row_table.records import Column, Row

GAP = 2
"""Cells between two columns."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A column that is drawn: its index among all columns, and its place and width in cells."""

    index: int
    x: int
    width: int


def cells(text: str) -> int:
    """Width of `text` in terminal cells."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, align: str = "left") -> str:
    """`text` in exactly `width` cells: padded on the side that `align` leaves free, or cut with `…`."""
    size = cells(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    pad = " " * (width - size)
    return pad + text if align == "right" else text + pad


class Widths:
    """The natural width of each column: of its widest cell yet. It grows at once and shrinks only with `refit`."""

    def __init__(self, columns: Sequence[Column] = ()) -> None:
        self.columns = tuple(columns)
        self._widest = [cells(column.title) for column in columns]

    def measure(self, rows: Iterable[Row]) -> bool:
        """Take `rows` into account; whether a column grew."""
        widest = self._widest
        before = list(widest)
        count = len(widest)
        for row in rows:
            for index, cell in enumerate(row.cells[:count]):
                text = cell if isinstance(cell, str) else cell.text
                size = len(text) if text.isascii() else cell_len(text)
                widest[index] = max(widest[index], size)
        return widest != before

    def refit(self, rows: Iterable[Row]) -> None:
        """Measure anew from `rows` alone."""
        self._widest = [cells(column.title) for column in self.columns]
        self.measure(rows)

    def natural(self) -> list[int]:
        """The width that each column would like to have, within its own limits."""
        return [
            max(column.min_width, min(width, column.max_width) if column.max_width else width)
            for column, width in zip(self.columns, self._widest, strict=True)
        ]

    def lay_out(self, available: int) -> tuple[Slot, ...]:
        """The columns that `available` cells have room for, from left to right; at least one, if there is any."""
        widths = self.natural()
        floors = [
            min(width, max(column.min_width, cells(column.title))) if column.flexible else width
            for column, width in zip(self.columns, widths, strict=True)
        ]
        kept = list(range(len(self.columns)))
        while len(kept) > 1 and _total(floors, kept) > available:
            kept.remove(max(kept, key=lambda index: (self.columns[index].priority, index)))
        missing = _total(widths, kept) - available
        for index in sorted(kept, key=lambda index: -self.columns[index].priority):
            cut = max(0, min(missing, widths[index] - floors[index]))
            widths[index] -= cut
            missing -= cut
        if missing > 0 and kept:
            widths[kept[0]] = max(1, available)
        slots, x = [], 0
        for index in kept:
            slots.append(Slot(index, x, widths[index]))
            x += widths[index] + GAP
        return tuple(slots)


def _total(widths: Sequence[int], kept: Sequence[int]) -> int:
    return sum(widths[index] for index in kept) + GAP * (len(kept) - 1)
