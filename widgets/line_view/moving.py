"""Going about in the lines by key and mouse, and pointing at them."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import clamp

from opsterm.services.lines import Line, Ring
from opsterm.widgets.line_view.cursor import LineCursor
from opsterm.widgets.line_view.keys import LINE_KEYS
from opsterm.widgets.line_view.painter import Look
from opsterm.widgets.line_view.pane import LinePane
from opsterm.widgets.line_view.words import Prefix

_SIDE_STEP = 8
"""Cells by which one key press scrolls sideways."""


class LineMoving(LinePane, inherit_bindings=False):
    """A pane with a cursor, which appears with the first key that points at a line and goes when following begins."""

    BINDINGS: ClassVar[list[BindingType]] = LINE_KEYS

    def __init__(self, ring: Ring, prefix: Prefix, id: str | None, classes: str | None) -> None:  # noqa: A002
        self.cursor = LineCursor()
        super().__init__(ring, prefix, id, classes)

    def swap(self, ring: Ring) -> None:
        """Show another ring of the same lines; cursor and bookmarks go to the lines of the same times."""
        cursor = self.cursor
        cursor.bookmarks = sorted({self._same_time(ring, seq) for seq in cursor.bookmarks})
        if cursor.seq is not None:
            cursor.seq = self._same_time(ring, cursor.seq)
        cursor.chosen_from = None
        super().swap(ring)

    def current(self) -> Line | None:
        """The line that keys act on: under the cursor, or else the last on the screen; None in an empty view."""
        index = self._current_index()
        return None if index is None else self._line(index)

    def _current_index(self) -> int | None:
        layout = self._index.layout
        if not len(layout):
            return None
        if self.cursor.seq is not None:
            return min(layout.index(self.cursor.seq), len(layout) - 1)
        place = layout.at(min(self._top_row + self.size.height, layout.end_row) - 1)
        return len(layout) - 1 if place is None or self.follow else place[0]

    def _line(self, index: int) -> Line | None:
        seq = self._index.layout[index]
        return self.ring[seq] if seq >= self.ring.first_seq else None

    def _line_at(self, y: int) -> Line | None:
        """The line on row `y` of the window."""
        place = self._index.layout.at(self._index.layout.first_row + self.scroll_offset.y + y)
        return None if place is None else self._line(place[0])

    def _follow_changed(self) -> None:
        if self.follow:
            self.cursor.clear()

    def _take_in(self) -> bool:
        self.cursor.forget(self._index.first_seq)
        return super()._take_in()

    # Keys

    def action_follow(self) -> None:
        """Follow the newest line, or stop."""
        self.follow = not self.follow

    def action_end(self) -> None:
        """Go to the newest line and follow."""
        self.follow = True

    def action_home(self) -> None:
        """Go to the oldest line."""
        if len(layout := self._index.layout):
            self.follow = False
            self.cursor.seq = layout[0]
            self._go_to_row(layout.first_row)

    def action_page(self, pages: int) -> None:
        """Scroll by whole pages; the cursor keeps its row on the screen."""
        if self.follow and pages > 0:
            return
        self.follow = False
        layout, rows = self._index.layout, pages * self.size.height
        if self.cursor.seq is not None and len(layout):
            row = clamp(layout.top(layout.index(self.cursor.seq)) + rows, layout.first_row, layout.end_row - 1)
            if (place := layout.at(row)) is not None:
                self.cursor.seq = layout[place[0]]
        self._go_to_row(self._top_row + rows)

    def action_move(self, step: int) -> None:
        """Scroll by a row and move the cursor by a line, so that at either end it still gets to every line."""
        index = self._current_index()
        if index is None or (self.follow and step > 0):
            return
        self.follow = False
        self._go_to_row(self._top_row + step)
        self._point_at(int(clamp(index + step, 0, len(self._index.layout) - 1)))

    def action_sideways(self, step: int) -> None:
        """Scroll the text sideways, as far as the widest line on the screen goes."""
        painter = self.painter
        lines = [line for y in range(self.size.height) if (line := self._line_at(y)) is not None]
        most = max(map(painter.hidden_cells, lines), default=0)
        if not painter.wrap:
            painter.left = int(clamp(painter.left + step * _SIDE_STEP, 0, max(most, painter.left if step < 0 else 0)))
            self._strips.clear()
            self.refresh()

    def action_match(self, step: int) -> None:
        """Go to the next or the previous line with a match."""
        shown, here = self._index, self.current()
        matches = self._find_index or self._filter_index or (shown if self._filter is not None else None)
        if matches is None or here is None:
            return
        found = matches.layout
        if self.cursor.seq is not None:
            at = found.index(here.seq + 1) if step > 0 else found.index(here.seq) - 1
        else:  # the first or the last on the screen, and then onwards
            first = self._line_at(0) or here
            at = found.index(first.seq) if step > 0 else found.index(here.seq + 1) - 1
        while 0 <= at < len(found):
            if shown.layout.has(found[at]) and not shown.notes.has(found[at]):
                self._jump(found[at])
                return
            at += step

    def action_bookmark(self) -> None:
        """Set a bookmark on the current line, or take it off."""
        if (line := self.current()) is not None:
            self.cursor.toggle_bookmark(line.seq)
            self.refresh()

    def action_next_bookmark(self) -> None:
        """Go to the next bookmark."""
        line = self.current()
        mark = None if line is None else self.cursor.next_bookmark(line.seq, self._index.layout)
        if mark is not None:
            self._jump(mark)

    def action_select(self) -> None:
        """Begin to select lines at the current one, or end it."""
        if self.cursor.chosen_from is not None:
            self.action_end_select()
        elif (index := self._current_index()) is not None:
            self.follow = False
            self._point_at(index)
            self.cursor.chosen_from = self.cursor.seq

    def action_end_select(self) -> None:
        """End selecting lines."""
        self.cursor.chosen_from = None
        self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Leave the escape key to the screen while no lines are being selected."""
        return action != "end_select" or self.cursor.chosen_from is not None

    def _jump(self, seq: int) -> None:
        self.follow = False
        self._point_at(self._index.layout.index(seq))

    def _point_at(self, index: int) -> None:
        """Put the cursor on the shown line `index`, and that line on the screen."""
        layout, height = self._index.layout, self.size.height
        self.cursor.seq = layout[index]
        top, bottom = layout.top(index), layout.top(index + 1)
        if top < self._top_row or bottom - top > height:
            self._go_to_row(top)
        elif bottom > self._top_row + height:
            self._go_to_row(bottom - height)
        else:
            self.refresh()

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Point at a line of a paused view."""
        event.prevent_default()  # Textual's own double click would select the whole view
        line = self._line_at(event.y)
        if line is not None and not self.follow and self.text_selection is None:
            self._point_at(self._index.layout.index(line.seq))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """With shift or ctrl, the wheel scrolls sideways."""
        if event.shift or event.ctrl:
            self.action_sideways(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """With shift or ctrl, the wheel scrolls sideways."""
        if event.shift or event.ctrl:
            self.action_sideways(-1)

    def on_mouse_scroll_right(self) -> None:
        """A wheel that tilts scrolls sideways."""
        self.action_sideways(1)

    def on_mouse_scroll_left(self) -> None:
        """A wheel that tilts scrolls sideways."""
        self.action_sideways(-1)

    # Looks

    def _look(self, seq: int) -> Look:
        cursor, selection = self.cursor, self.text_selection
        here, chosen = seq == cursor.seq, seq in cursor.chosen
        whole = self.painter.style("cursor") if here else _ground(self.painter.style("chosen")) if chosen else None
        edge = "▌" if here else "*" if seq in cursor.bookmarks else " "
        span = None if selection is None else selection.get_span(seq)
        if span is None:
            return Look(edge, whole)
        return Look(edge, whole, span, _ground(self.screen.get_component_rich_style("screen--selection")))


def _ground(style: Style) -> Style:
    """The background of a style, for text that keeps its colour."""
    return Style(bgcolor=style.bgcolor, reverse=style.reverse)
