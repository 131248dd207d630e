"""How one row of a table becomes a strip of the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from opsterm.widgets.row_table.columns import GAP, Slot, cells, fit
from opsterm.widgets.row_table.records import Column, Row, cell_of

EDGE = 3
"""Cells at the left edge: a margin, the sign of the row, and a space or the mark of the cursor row."""

MARGIN = 1
"""Cells left free at the right edge; the arrow of a sorted last column stands there."""

_BOLD = Style(bold=True)


class Look(NamedTuple):
    """What of a row's appearance is not in the row itself."""

    cursor: bool = False
    marked: bool = False
    fresh: frozenset[int] = frozenset()
    """Columns to draw bold."""


class Painter:
    """Draws rows and the header for one layout. `style` gives the style of a component class by its short name."""

    def __init__(
        self,
        columns: Sequence[Column],
        slots: Sequence[Slot],
        width: int,
        style: Callable[[str], Style],
        *,
        dimmed: bool = False,
        focused: bool = False,
    ) -> None:
        self.slots = tuple(slots)
        self.width = width
        self._columns = columns
        self._style = style
        self._dimmed = dimmed
        self._focused = focused

    def row(self, row: Row, look: Look) -> Strip:
        """The row as one strip, exactly as wide as the table."""
        base = self._style("cursor" if look.cursor else "row")
        parts = [Segment(_edge(row, look), self._on(base, "mark" if look.marked or look.cursor else "muted", look))]
        end = 0
        for slot in self.slots:
            cell = cell_of(row, slot.index)
            style = self._on(base, "muted" if self._dimmed else cell.role, look)
            if slot.index in look.fresh:
                style += _BOLD
            if slot.x > end:
                parts.append(Segment(" " * (slot.x - end), base))
            parts.append(Segment(fit(cell.text, slot.width, self._columns[slot.index].align), style))
            end = slot.x + slot.width
        return Strip(parts).adjust_cell_length(self.width, base).simplify()

    def header(self, sorted_by: int | None, reverse: bool, chosen: int | None) -> Strip:
        """The titles; `sorted_by` and `chosen` are indices of columns."""
        base = self._style("header")
        parts = [Segment(" " * EDGE, base)]
        for slot in self.slots:
            column = self._columns[slot.index]
            title = fit(column.title, slot.width, column.align).rstrip()
            lead = len(title) - len(title.lstrip())
            if slot.index == sorted_by:
                title += "↓" if reverse else "↑"
            style = base
            if slot.index == sorted_by:
                style += self._style("header-sorted")
            if slot.index == chosen:
                style += self._style("header-chosen")
            parts += [
                Segment(" " * lead, base),
                Segment(title[lead:], style),
                Segment(" " * (slot.width + GAP - cells(title)), base),
            ]
        return Strip(parts).adjust_cell_length(self.width, base).simplify()

    def column_at(self, x: int) -> int | None:
        """Index of the column drawn at cell `x` of the table."""
        for slot in self.slots:
            if slot.x <= x - EDGE < slot.x + slot.width + GAP:
                return slot.index
        return None

    def _on(self, base: Style, role: str, look: Look) -> Style:
        """The style of `role` on the background of the row; on the focused cursor row only `base` is readable."""
        if not role or (look.cursor and self._focused):
            return base
        style = self._style(role)
        return style + Style(bgcolor=base.bgcolor) if look.cursor else style


def _edge(row: Row, look: Look) -> str:
    if look.cursor:
        return " ▌*" if look.marked else " ▌ "
    return " * " if look.marked else f" {fit(row.sign, 1)} "
