"""Which lines a pane shows, and in which words: filter, find, stamps, prefix, wrap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from opsterm.services.lines import Direction, Line, Ring
from opsterm.services.sgr import Run
from opsterm.widgets.line_view.device_colours import DeviceColours
from opsterm.widgets.line_view.feed import LineFeed
from opsterm.widgets.line_view.index import LineIndex
from opsterm.widgets.line_view.matching import FieldsOf, Matching
from opsterm.widgets.line_view.painter import LinePainter, Spot
from opsterm.widgets.line_view.records import Records
from opsterm.widgets.line_view.stamps import Stamps
from opsterm.widgets.line_view.words import Prefix

Colouring = Callable[[Line], Sequence[Run]]
"""Gives the parts of a line's text that have a colour of their own."""

_NARROW = 60
"""Cells of width under which stamps are short by default and the gutter goes."""
_TINY = 48
"""Cells of width under which stamps of the time of day have no decimals."""


class LineContent(LineFeed):
    """Holds what the user and the screens chose, and the indexes of the lines that follow from it."""

    def __init__(self, ring: Ring, prefix: Prefix, id: str | None, classes: str | None) -> None:  # noqa: A002
        super().__init__(ring, id, classes)
        self.painter = LinePainter(lambda role: self.get_component_rich_style(f"line--{role}"))
        self.painter.prefix = prefix
        self._stamps: Stamps | None = None
        self._decimals = 6
        self._filter: Matching | None = None
        self._find: Matching | None = None
        self._fields: FieldsOf | None = None
        self._colouring: Colouring | None = None
        self._matches_only = True
        self._left_out: Callable[[Line], bool] | None = None
        self._floor = 0
        self._look_through(ring.next_seq)

    @property
    def total(self) -> int:
        """Lines kept as of the last paint; neither notes count nor what was taken out of sight."""
        return max(0, self._index.next_seq - self._index.first_seq) - len(self._index.notes)

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
    def left_out(self) -> Callable[[Line], bool] | None:
        """Tells the lines that are not shown, whatever the filter; None where all may be."""
        return self._left_out

    @left_out.setter
    def left_out(self, left_out: Callable[[Line], bool] | None) -> None:
        self._left_out = left_out
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
        return Stamps.TIME if self.painter.lane < _NARROW else Stamps.FULL

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
    def records(self) -> Records | None:
        """What makes the rows of lines where they are not shown as text."""
        return self.painter.records

    @records.setter
    def records(self, records: Records | None) -> None:
        self.painter.records = records
        self.painter.left = 0
        self._restart()

    @property
    def lanes(self) -> Callable[[Line], int] | None:
        """Tells which of two columns a line stands in, 0 or 1; None for one column."""
        return self.painter.lanes

    @lanes.setter
    def lanes(self, lanes: Callable[[Line], int] | None) -> None:
        self.painter.lanes = lanes
        self.painter.left = 0
        self._restart()

    @property
    def colouring(self) -> Colouring | None:
        """Gives the parts of a line's text that its source has coloured."""
        return self._colouring

    @colouring.setter
    def colouring(self, colouring: Colouring | None) -> None:
        self._colouring = colouring
        self.painter.colouring = None if colouring is None else self._coloured
        self._restart()

    def _coloured(self, line: Line) -> Iterable[Spot]:
        if self._colouring is not None and (runs := self._colouring(line)):
            colours = DeviceColours(self.app.ansi_theme, self.painter.style("text"))
            for start, end, look in runs:
                yield start, end, colours.style(look)

    @property
    def cleared(self) -> bool:
        """Whether lines were taken out of sight by setting this; they are still in the ring, and come back."""
        return self._floor > 0

    @cleared.setter
    def cleared(self, cleared: bool) -> None:
        self._floor = self.ring.next_seq if cleared else 0
        self._restart()

    def _restart(self) -> None:
        """Other lines are shown, or they take other rows."""
        raise NotImplementedError

    def _look_through(self, start: int) -> None:
        """Begin to look for the lines to show and to mark, from `start` outwards."""
        shown = None if self._shows_all else self._passes
        height = self.painter.height if self.painter.uneven else None
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

    @property
    def _shows_all(self) -> bool:
        return self._left_out is None and (self._filter is None or not self._matches_only)

    def _passes(self, line: Line) -> bool:
        if self._left_out is not None and self._left_out(line):
            return False
        if self._filter is None or not self._matches_only:
            return True
        return line.direction is Direction.NOTE or self._test(self._filter, line)

    def _test(self, match: Matching, line: Line) -> bool:
        return match.test(line.text, None if self._fields is None else self._fields(line))

    def _set_looks(self) -> None:
        painter = self.painter
        painter.width = self.scrollable_content_region.width
        painter.gutter = 0 if painter.width < _NARROW else 1
        painter.decimals = 0 if painter.lane < _TINY else self._decimals
        painter.stamps = self.stamps
        painter.marks = self._find or self._filter
        painter.mark_role = "filter" if self._find is None and self._matches_only else "match"
