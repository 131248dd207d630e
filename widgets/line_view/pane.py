"""A virtual pane over a ring of lines: keeps to the end or to the reader's place, and draws only what is visible."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, ClassVar

from rich.segment import Segment
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.visual import Visual

from opsterm.services.lines import Line, Ring
from opsterm.widgets.line_view.colours import CSS, ROLES
from opsterm.widgets.line_view.content import LineContent
from opsterm.widgets.line_view.painter import Look
from opsterm.widgets.line_view.stamps import Stamps
from opsterm.widgets.line_view.words import Prefix

_SLICE = 0.01
"""Seconds of looking for lines at a stretch."""
_SLACK = 20_000
"""Lines behind from which a following pane starts anew at the end instead of going through what it missed."""
_STRIPS = 512
"""Rows kept as drawn: several screens."""
_PLAIN = Look()


class LinePane(LineContent):
    """The window on the lines: where it stands, whether it follows, and the rows in it."""

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{role}" for role in ROLES}
    DEFAULT_CSS = CSS

    def __init__(self, ring: Ring, prefix: Prefix, id: str | None, classes: str | None) -> None:  # noqa: A002
        super().__init__(ring, prefix, id, classes)
        self._placeholder = Content("")
        self._follow = True
        self._paused_at = 0
        self._top_row = 0
        self._reading = 0
        self._placing = False
        self._strips: LRUCache[tuple[int, int], tuple[Line, Strip]] = LRUCache(_STRIPS)

    # What the screens set and read

    def show(self, ring: Ring) -> None:
        """Show another ring, from its end; filter, stamps and wrap stay."""
        self._listen_to(ring)
        self._floor = 0
        self._follow = True
        self._restart()

    def swap(self, ring: Ring) -> None:
        """Show another ring of the same lines in other words: the reader stays where he is, by the times of lines."""
        reading = self._same_time(ring, self._reading)
        self._listen_to(ring)
        self._floor = 0
        self._reading = reading
        self._paused_at = min(self._paused_at, ring.next_seq)
        self._restart()

    def _same_time(self, ring: Ring, seq: int) -> int:
        """The line of `ring` that came when our line `seq` did, or the first one after that."""
        if seq >= self.ring.next_seq:
            return ring.next_seq
        at = self.ring[max(seq, self.ring.first_seq)].first_ns
        return bisect_left(range(ring.next_seq), at, ring.first_seq, key=lambda other: ring[other].first_ns)

    @property
    def follow(self) -> bool:
        """Whether the view keeps to the newest line. Scrolling up ends it."""
        return self._follow

    @follow.setter
    def follow(self, follow: bool) -> None:
        if follow == self._follow:
            return
        self._follow = follow
        self._paused_at = self._index.next_seq
        self._follow_changed()
        if follow:
            self._place()
        else:
            self._read_at(self._index.layout.first_row + self.scroll_offset.y)
        self._announce(now=True)

    @property
    def new_lines(self) -> int:
        """Lines shown below that arrived since following ended and are still kept."""
        layout = self._index.layout
        return 0 if self._follow else len(layout) - layout.index(self._paused_at)

    @property
    def placeholder(self) -> Content:
        """What is said where there is no line to show."""
        return self._placeholder

    @placeholder.setter
    def placeholder(self, placeholder: Content) -> None:
        self._placeholder = placeholder
        self.refresh()

    # Looking through the ring

    def _take_in(self) -> bool:
        if self._follow and self._index.behind > _SLACK:
            self._look_through(self.ring.next_seq)
        indexes = (self._index, self._filter_index, self._find_index)
        grown = [index.grow(_SLICE) for index in indexes if index is not None]
        self._place()
        self._announce()
        return all(grown)

    def _restart(self) -> None:
        """Other lines are shown, or they take other rows: look through the ring anew, keeping the reader's place."""
        self._set_looks()
        self._look_through(self.ring.next_seq if self._follow else self._reading)
        self._top_row = 0
        self._strips.clear()
        self._tick()
        self._announce(now=True)

    def _follow_changed(self) -> None:
        """Following began or ended."""

    def _announce(self, now: bool = False) -> None:
        """Follow, counts or matches may have changed; `now` where the user did it."""

    # The window

    def on_resize(self) -> None:
        """Lines take other rows when the width changes."""
        if self.painter.width != self.scrollable_content_region.width:
            self._restart()
        elif self.seen:
            self._place()

    def notify_style_update(self) -> None:
        """Forget what was drawn: colours, words or rows changed."""
        super().notify_style_update()
        self._strips.clear()

    def _place(self) -> None:
        """Put the window at the end, or where the reader is, and draw it."""
        layout = self._index.layout
        if self._index.complete:
            self._top_row = self._within(self._top_row)
        size = Size(self.painter.width, layout.height)
        if size != self.virtual_size:
            self.virtual_size = size
        top = layout.end_row if self._follow else self._top_row
        self._placing = True
        self.scroll_to(y=top - layout.first_row, force=True)
        self._placing = False
        self.refresh()

    def _go_to_row(self, row: int) -> None:
        """Put an absolute row at the top, or as near as there are lines."""
        self._read_at(self._within(row))
        self._place()

    def _within(self, row: int) -> int:
        layout = self._index.layout
        return max(layout.first_row, min(row, layout.end_row - self.size.height))

    def _read_at(self, row: int) -> None:
        """The reader goes to an absolute row, and comes back to the line there when another filter hides it."""
        layout = self._index.layout
        self._top_row = row
        place = layout.at(row)
        self._reading = self.ring.next_seq if place is None else layout[place[0]]

    def scroll_to(self, x: float | None = None, y: float | None = None, **options: Any) -> None:
        """Scroll at once: there is no scroll animation in panes."""
        super().scroll_to(x, y, **{**options, "animate": False})

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up, however it is done, ends following."""
        super().watch_scroll_y(old_value, new_value)
        if self._placing:
            return
        if new_value < old_value and round(new_value) < self.max_scroll_y:
            self.follow = False
        self._read_at(self._index.layout.first_row + round(new_value))

    def render_line(self, y: int) -> Strip:
        """Row `y` of the window."""
        layout = self._index.layout
        place = layout.at(layout.first_row + self.scroll_offset.y + y)
        if place is None:
            return self._empty_row(y)
        index, row = place
        seq = layout[index]
        drawn = self._strips.get((seq, row))
        try:
            line = self.ring[seq]
        except IndexError:  # evicted since the last tick
            return drawn[1] if drawn else self._empty_row(-1)
        look = self._look(seq)
        if drawn and drawn[0] is line and look == _PLAIN:
            return drawn[1]
        strip = self.painter.draw(line, row, self._before(index), look).adjust_cell_length(
            self.size.width, self.rich_style
        )
        if look == _PLAIN and self.stamps is not Stamps.DELTA:
            self._strips[seq, row] = line, strip
        return strip

    def _look(self, seq: int) -> Look:
        """What is special about the line `seq` now."""
        raise NotImplementedError

    def _before(self, index: int) -> Line | None:
        """The line shown above the shown line `index`, where it is still kept."""
        before = self._index.layout[index - 1] if index else -1
        return self.ring[before] if before >= self.ring.first_seq else None

    def _empty_row(self, y: int) -> Strip:
        width, ground = self.size.width, self.rich_style
        if y >= 0 and not len(self._index.layout) and self._index.complete:
            indent = 3 if self.painter.gutter else 0
            style = self.get_visual_style("line--muted")
            said = Visual.to_strips(self, self._placeholder, max(1, width - indent), None, style)
            if y < len(said):
                return Strip.join([Strip([Segment(" " * indent, ground)]), said[y]]).adjust_cell_length(width, ground)
        return Strip.blank(width, ground)
