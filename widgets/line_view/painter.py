"""Draws rows of lines: stamp, prefix and text in their colours, cut to the window or wrapped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from opsterm.services.lines import Direction, Flag, Level, Line
from opsterm.widgets.line_view.matching import Matching
from opsterm.widgets.line_view.records import Records, joined, spans
from opsterm.widgets.line_view.stamps import Stamps, stamp_width
from opsterm.widgets.line_view.words import Prefix, Words, arrows, body, words
from opsterm.widgets.line_view.wrap import Span, row_count, rows, width, window

_HANG_ROOM = 16
"""Cells that a wrapped text needs beside stamp and prefix to hang under itself; with less it starts at the left."""

_LEVEL_ROLES = {Level.ERROR: "error", Level.WARN: "warning", Level.DEBUG: "debug"}
_LEVEL_WORD = re.compile(r"\b(?:error|err|fatal|critical|panic|warning|warn|debug|trace)\b", re.IGNORECASE)
_LEVEL_ROOM = 256
"""Characters in which the word for the level of a line stands, as far as its source was asked to look."""

_DIVIDER = " │ "
"""Between two columns."""

Spot = tuple[int, int, Style]
"""Start and end, in characters of the words of a line, and the style there."""


class Look(NamedTuple):
    """What is special about a line just now."""

    edge: str = " "
    """What stands in the gutter."""
    whole: Style | None = None
    """Laid over the whole row."""
    selected: Span | None = None
    """Characters of the words that are selected; an end of -1 means all to the end."""
    selection: Style = Style.null()


class LinePainter:
    """How lines look now. Whoever changes an attribute draws all rows anew.

    `style` gives the style of a role.
    """

    def __init__(self, style: Callable[[str], Style]) -> None:
        self.style = style
        self.prefix: Prefix = arrows
        self.stamps = Stamps.FULL
        self.decimals = 6
        """Decimals of the seconds in stamps of the time of day."""
        self.width = 80
        """Cells of a row, the gutter included."""
        self.gutter = 1
        """Cells at the left edge for the cursor and bookmarks: 1 or 0."""
        self.lanes: Callable[[Line], int] | None = None
        """Where lines stand in two columns: tells which one a line is in, 0 or 1."""
        self.wrap = False
        self.left = 0
        """Cells of text scrolled out at the left, while lines do not wrap."""
        self.records: Records | None = None
        """Makes the rows of lines where they are not shown as text; notes always are."""
        self.colouring: Callable[[Line], Iterable[Spot]] | None = None
        """The colours that a source gives to parts of its text; starts and ends count in the text alone."""
        self.marks: Matching | None = None
        """What is marked in the text."""
        self.mark_role = "match"

    def words(self, line: Line, before: Line | None = None) -> Words:
        """`line` in words; `before` is the line shown above it."""
        said = words(line, self.prefix, self.stamps, self.decimals, before)
        records = self._records(line)
        if records is None:
            return said
        fixed, cells, _ = self._room(line)
        text, remark = body(line, joined(records.rows(line, cells), fixed))
        return said._replace(text=text, remark=remark)

    @property
    def lane(self) -> int:
        """Cells that a line has, the gutter included: the row, or its column where there are two."""
        return self.width if self.lanes is None else self.gutter + (self.width - self.gutter - len(_DIVIDER)) // 2

    @property
    def uneven(self) -> bool:
        """Whether lines may take more than one row; `height` says how many."""
        return self.wrap or self.records is not None

    def height(self, line: Line) -> int:
        """Rows that `line` takes."""
        _, first, rest = self._room(line)
        if (records := self._records(line)) is not None:
            return records.count(line, first)
        text, remark = body(line, line.text)
        return row_count(text + remark, first, rest) if self.wrap else 1

    def hidden_cells(self, line: Line) -> int:
        """Cells by which the text of `line` is wider than the room for it; 0 where it fits."""
        fixed, first, _ = self._room(line)
        said = self.words(line).body
        wide = (
            max(width(said[start:end]) for start, end in spans(said, fixed)) if self._records(line) else width(said)
        )
        return max(0, wide - first)

    def _records(self, line: Line) -> Records | None:
        return None if line.direction is Direction.NOTE else self.records

    def draw(self, line: Line, row: int, before: Line | None, look: Look) -> Strip:
        """Row `row` (from 0) of `line`.

        The strip carries offsets: the character within the words, and the line's sequence number. Textual hands them
        back in a selection, which so stays right when lines are evicted or filtered.
        """
        said = self.words(line, before)
        fixed, first, rest = self._room(line)
        lead = len(said.lead)
        hang = fixed
        if self._records(line) is not None:
            start, end = list(spans(said.body, fixed))[row]
            (left, right), indent = window(said.body[start:end], self.left, first)
            start, end = start + left, start + right
        elif self.wrap:
            start, end = rows(said.body, first, rest)[row]
            hang, indent = self.lane - self.gutter - rest, 0
        else:
            (start, end), indent = window(said.body, self.left, first)
        ground = self.style("text") + (look.whole or Style.null())
        base, spots = list(self._base(line, said)), list(self._spots(line, said, look))
        below = row > 0
        edge = Strip([Segment(look.edge, ground)] if self.gutter else [])
        parts = []
        if not below:
            parts.append(_strip(said.lead, 0, base, spots, line.seq).crop(0, fixed))
        indent += hang if below else 0
        parts.append(self._blank(indent, ground, lead + start, line))
        parts.append(_strip(said.body[start:end], lead + start, base, spots, line.seq))
        drawn = Strip.join(parts).extend_cell_length(self.lane - self.gutter, ground)
        first_offset = lead + start if below else 0
        edge = edge.apply_offsets(first_offset, line.seq)
        if self.lanes is None:
            return Strip.join([edge, drawn])
        divider = Strip([Segment(_DIVIDER, self.style("muted"))])
        other = self._blank(self.lane - self.gutter, ground, first_offset, line)
        columns = [other, divider, drawn] if self.lanes(line) else [drawn, divider, other]
        return Strip.join([edge, *columns]).extend_cell_length(self.width, ground)

    def _blank(self, cells: int, ground: Style, offset: int, line: Line) -> Strip:
        # Cell by cell, so that a drag that begins in it begins at the text and not before it.
        return Strip.join([Strip([Segment(" ", ground)], 1).apply_offsets(offset, line.seq)] * cells)

    def _room(self, line: Line) -> tuple[int, int, int]:
        """Cells for stamp and prefix, for the text beside them, and for the text on the rows below."""
        cells = max(2, self.lane - self.gutter)
        lead = stamp_width(self.stamps, self.decimals) + sum([width(text) for text, _ in self.prefix(line)])
        fixed = min(lead, cells)
        hang = fixed if cells - fixed >= _HANG_ROOM else min(2, cells - 2)
        return fixed, cells - fixed, cells - hang

    def _base(self, line: Line, said: Words) -> Iterable[Spot]:
        """The style of each part of a line, in order and without gaps."""
        parts = ((said.stamp, "stamp"), *said.prefix, (said.text, _text_role(line)), (said.remark, "muted"))
        at = 0
        for text, role in parts:
            yield at, at + len(text), self.style(role)
            at += len(text)

    def _spots(self, line: Line, said: Words, look: Look) -> Iterable[Spot]:
        """What is laid over them, later ones over earlier ones."""
        lead, end = len(said.lead), len(said.lead) + len(said.body)
        as_text = self._records(line) is None  # else places in the text say nothing
        if as_text and self.colouring is not None:
            yield from _shifted(self.colouring(line), lead)
        if look.whole is not None:
            yield 0, end, look.whole
        if as_text:
            yield from _shifted(self._remarkable(line), lead)
        if look.selected is not None:
            start, stop = look.selected
            yield start, end if stop == -1 else stop, look.selection

    def _remarkable(self, line: Line) -> Iterable[Spot]:
        """The word for its level, and what is looked for."""
        role = _LEVEL_ROLES.get(line.level)
        if role and (found := _LEVEL_WORD.search(line.text, 0, _LEVEL_ROOM)):
            yield found.start(), found.end(), self.style(role)
        if self.marks is not None:
            for start, stop in self.marks.spans(line.text):
                yield start, stop, self.style(self.mark_role)


def _shifted(spots: Iterable[Spot], by: int) -> Iterable[Spot]:
    return ((start + by, stop + by, style) for start, stop, style in spots)


def _text_role(line: Line) -> str:
    if line.flags & Flag.GAP:
        return "warning"
    return "muted" if line.direction is Direction.NOTE else "text"


def _strip(text: str, start: int, base: list[Spot], spots: list[Spot], seq: int) -> Strip:
    """`text`, whose first character is `start` of the words, in its styles and with its offsets."""
    styles: list[Style] = []
    for begin, stop, style in base:
        styles += [style] * (min(stop - start, len(text)) - max(0, begin - start))
    for begin, stop, style in spots:
        span = slice(max(0, begin - start), max(0, stop - start))
        styles[span] = [under + style for under in styles[span]]
    segments = []
    at = 0
    for style, run in groupby(styles):
        end = at + sum(1 for _ in run)
        segments.append(Segment(text[at:end], style))
        at = end
    return Strip(segments).apply_offsets(start, seq)
