"""A virtual pane over a ring of lines: keeps to the end or to the reader's place, and draws only what is visible."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.visual import Visual

from opsterm.services.lines import Direction, Line, Ring
from opsterm.widgets.line_colours import CSS, ROLES
from opsterm.widgets.line_feed import LineFeed
from opsterm.widgets.line_index import LineIndex
from opsterm.widgets.line_matching import FieldsOf, Matching
from opsterm.widgets.line_painter import LinePainter, Look
from opsterm.widgets.line_stamps import Stamps
from opsterm.widgets.line_words import Prefix

_SLICE = 0.015
"""Seconds of looking for lines at a stretch."""
_SLACK = 20_000
"""Lines behind from which a following pane starts anew at the end instead of going through what it missed."""
_STRIPS = 512
_NARROW = 60
"""Cells of width under which stamps are short by default and the gutter goes."""
_TINY = 48
"""Cells of width under which stamps of the time of day have no decimals."""
_PLAIN = Look()


class LinePane(LineFeed):
    """Shows lines: following, filter, find, stamps, wrap, and the rows on the screen."""

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{role}" for role in ROLES}
    DEFAULT_CSS = CSS

    def __init__(self, ring: Ring, prefix: Prefix, id: str | None, classes: str | None) -> None:  # noqa: A002
        super().__init__(ring, id, classes)
        self.painter = LinePainter(lambda role: self.get_component_rich_style(f"line--{role}"))
        self.painter.prefix = prefix
        self._placeholder = Content("")
        self._follow = True
        self._stamps: Stamps | None = None
        self._decimals = 6
        self._filter: Matching | None = None
        self._find: Matching | None = None
        self._fields: FieldsOf | None = None
        self._matches_only = True
        self._floor = 0
        self._paused_at = 0
        self._top_row = 0
        self._placing = False
        self._strips: LRUCache[tuple[int, int], tuple[Line, Strip]] = LRUCache(_STRIPS)
        self._look_through(ring.next_seq)

    # What the screens set and read

    def show(self, ring: Ring) -> None:
        """Show another ring, from its end; filter, stamps and wrap stay."""
        self._listen_to(ring)
        self._floor = 0
        self._follow = True
        self._restart()

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
            self._top_row = self._index.layout.first_row + self.scroll_offset.y
        self._announce(now=True)

    @property
    def new_lines(self) -> int:
        """Lines shown below that arrived since following ended and are still kept."""
        layout = self._index.layout
        return 0 if self._follow else len(layout) - layout.index(self._paused_at)

    @property
    def total(self) -> int:
        """Lines kept, notes not counted, nor what `clear` took out of sight."""
        return self.ring.next_seq - self._index.first_seq - len(self._index.notes)

    @property
    def matched(self) -> int:
        """Those of `total` that pass the filter, as far as it looked; all without one."""
        if self._filter is None:
            return self.total
        if self._filter_index is not None:
            return len(self._filter_index.layout)
        return len(self._index.layout) - len(self._index.notes)

    @property
    def found(self) -> int | None:
        """Lines kept in which `find` found something, as far as it looked; None while it looks for nothing."""
        return None if self._find_index is None else len(self._find_index.layout)

    def filter(self, match: Matching | None, fields: FieldsOf | None = None) -> None:
        """Show the lines that pass, and every note; None or an empty filter shows all."""
        self._filter, self._fields = match or None, fields
        self._restart()

    def find(self, match: Matching | None) -> None:
        """Mark what is found and hide nothing; None ends it."""
        self._find = match or None
        self._restart()

    @property
    def matches_only(self) -> bool:
        """Whether the filter hides lines, or shows all of them and marks what it finds."""
        return self._matches_only

    @matches_only.setter
    def matches_only(self, only: bool) -> None:
        self._matches_only = only
        self._restart()

    @property
    def stamps(self) -> Stamps:
        """What stands in front of lines; full, where there is room, until the user chooses."""
        if self._stamps is not None:
            return self._stamps
        return Stamps.TIME if self.painter.width < _NARROW else Stamps.FULL

    @stamps.setter
    def stamps(self, stamps: Stamps) -> None:
        self._stamps = stamps
        self._restart()

    def cycle_stamps(self) -> None:
        """Go to the next kind of stamps."""
        self.stamps = self.stamps.next

    @property
    def decimals(self) -> int:
        """Decimals of the seconds where stamps give the time of day; none are shown in a very narrow view."""
        return self._decimals

    @decimals.setter
    def decimals(self, decimals: int) -> None:
        self._decimals = decimals
        self._restart()

    @property
    def prefix(self) -> Prefix:
        """What stands between stamp and text; set it again when it gives other words for the same lines."""
        return self.painter.prefix

    @prefix.setter
    def prefix(self, prefix: Prefix) -> None:
        self.painter.prefix = prefix
        self._restart()

    @property
    def wrap(self) -> bool:
        """Whether long lines go on below, under their own text."""
        return self.painter.wrap

    @wrap.setter
    def wrap(self, wrap: bool) -> None:
        self.painter.wrap = wrap
        self.painter.left = 0
        self._restart()

    @property
    def cleared(self) -> bool:
        """Whether lines were taken out of sight by setting this; they are still in the ring, and come back."""
        return self._floor > 0

    @cleared.setter
    def cleared(self, cleared: bool) -> None:
        self._floor = self.ring.next_seq if cleared else 0
        self._restart()

    @property
    def placeholder(self) -> Content:
        """What is said where there is no line to show."""
        return self._placeholder

    @placeholder.setter
    def placeholder(self, placeholder: Content) -> None:
        self._placeholder = placeholder
        self.refresh()

    # Looking through the ring

    def _look_through(self, start: int) -> None:
        """Begin to look for the lines to show and to mark, from `start` outwards."""
        shown = self._passes if self._filter is not None and self._matches_only else None
        height = self.painter.height if self.painter.wrap else None
        self._index = LineIndex(self.ring, start, self._floor, shown, height)
        self._filter_index = self._marked(start, None if self._matches_only else self._filter)
        self._find_index = self._marked(start, self._find)

    def _marked(self, start: int, match: Matching | None) -> LineIndex | None:
        if match is None:
            return None
        return LineIndex(
            self.ring,
            start,
            self._floor,
            lambda line: line.direction is not Direction.NOTE and self._test(match, line),
        )

    def _passes(self, line: Line) -> bool:
        return line.direction is Direction.NOTE or self._filter is None or self._test(self._filter, line)

    def _test(self, match: Matching, line: Line) -> bool:
        return match.test(line.text, None if self._fields is None else self._fields(line))

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
        layout = self._index.layout
        place = None if self._follow else layout.at(self._top_row)
        self._set_looks()
        self._look_through(self.ring.next_seq if place is None else layout[place[0]])
        self._top_row = 0
        self._strips.clear()
        self._tick()
        self._announce(now=True)

    def _set_looks(self) -> None:
        painter = self.painter
        painter.width = self.scrollable_content_region.width
        painter.gutter = 0 if painter.width < _NARROW else 1
        painter.decimals = 0 if painter.width < _TINY else self._decimals
        painter.stamps = self.stamps
        painter.marks = self._find or self._filter
        painter.mark_role = "filter" if self._find is None and self._matches_only else "match"

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
            self._top_row = max(self._top_row, layout.first_row)
        size = Size(self.painter.width, layout.height)
        if size != self.virtual_size:
            self.virtual_size = size
        top = layout.end_row if self._follow else self._top_row
        self._placing = True
        self.scroll_to(y=top - layout.first_row, animate=False, force=True)
        self._placing = False
        self.refresh()

    def _go_to_row(self, row: int) -> None:
        """Put an absolute row at the top, or as near as there are lines."""
        layout = self._index.layout
        self._top_row = max(layout.first_row, min(row, layout.end_row - self.size.height))
        self._place()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up, however it is done, ends following."""
        super().watch_scroll_y(old_value, new_value)
        if self._placing:
            return
        if new_value < old_value and round(new_value) < self.max_scroll_y:
            self.follow = False
        self._top_row = self._index.layout.first_row + round(new_value)

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
        strip = self.painter.draw(line, row, self._before(index), look).adjust_cell_length(self.size.width)
        if look == _PLAIN:
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
