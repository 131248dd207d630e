"""Stamps keep their width, and a line in words is the line as every part of opsterm prints it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from opsterm.services.lines import Direction, Flag, Line
from opsterm.services.text import clean
from opsterm.widgets.line_view.painter import LinePainter, Look
from opsterm.widgets.line_view.stamps import Stamps, stamp_text, stamp_width
from opsterm.widgets.line_view.words import arrows, words

NS = st.integers(0, 4_000_000_000_000_000_000)
FLAGS = st.sampled_from([Flag.NONE, Flag.PARTIAL, Flag.CUT, Flag.UNSENT, Flag.GAP])
LINES = st.builds(
    lambda text, ns, direction, flags: Line(b"", clean(text), ns, ns, direction=direction, flags=flags, seq=7),
    st.text(max_size=60),
    NS,
    st.sampled_from(Direction),
    FLAGS,
)


@given(LINES, st.sampled_from(Stamps), st.integers(0, 6), st.one_of(st.none(), LINES))
def test_stamps_keep_their_width(line: Line, mode: Stamps, decimals: int, before: Line | None) -> None:
    assert len(stamp_text(line, mode, decimals, before)) == stamp_width(mode, decimals)


@given(LINES)
def test_words_are_those_of_the_line(line: Line) -> None:
    said = words(line, arrows, Stamps.FULL)
    assert f"{said.lead}{said.text}" == str(line)
    assert bool(said.remark) is bool(line.flags & Flag.UNSENT)


@given(LINES, st.sampled_from(Stamps), st.integers(4, 90), st.one_of(st.none(), LINES))
def test_wrapped_rows_hold_the_whole_text_and_fill_the_width(
    line: Line, mode: Stamps, cells: int, before: Line | None
) -> None:
    painter = LinePainter(lambda _: Style.null())
    painter.wrap, painter.stamps, painter.width = True, mode, cells
    strips = [painter.draw(line, row, before, Look()) for row in range(painter.height(line))]
    assert all(strip.cell_length == cells for strip in strips)
    said = painter.words(line, before)
    shown = "".join(strip.text for strip in strips).replace(" ", "")
    assert shown.endswith(said.body.replace(" ", ""))
