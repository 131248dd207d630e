"""Cutting text by cells: nothing lost, nothing too wide, the fast way and the slow way alike."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from opsterm.services.text import clean
from opsterm.widgets.line_view.wrap import clusters, narrow, row_count, rows, width, window

TRICKY = "ab 漢字🙂é\u0301❤\ufe0f🇩🇪…─"
TEXT = st.text(st.one_of(st.sampled_from(TRICKY), st.characters()), max_size=30).map(clean)


@given(TEXT, st.integers(0, 9), st.integers(2, 9))
def test_rows_hold_the_whole_text_and_fit(text: str, first: int, rest: int) -> None:
    spans = rows(text, first, rest)
    assert "".join(text[start:end] for start, end in spans) == text
    assert cell_len(text[slice(*spans[0])]) <= first
    assert all(cell_len(text[start:end]) <= rest for start, end in spans[1:])
    assert row_count(text, first, rest) == len(spans)


@given(TEXT, st.integers(0, 40), st.integers(0, 9))
def test_a_window_shows_whole_characters_at_their_cells(text: str, left: int, cells: int) -> None:
    (start, end), blank = window(text, left, cells)
    assert blank + cell_len(text[start:end]) <= cells
    if start < end:
        assert cell_len(text[:start]) == left + blank


def test_a_window_leaves_a_blank_where_it_cuts_a_wide_character() -> None:
    assert window("漢字ab", 1, 4) == ((1, 3), 1)
    assert window("ab漢字", 0, 3) == ((0, 2), 0)


@given(TEXT)
def test_clusters_are_as_wide_as_the_text(text: str) -> None:
    parts = list(clusters(text))
    assert "".join(text[start:end] for start, end, _ in parts) == text
    assert sum(cells for _, _, cells in parts) == width(text) == cell_len(text)


def test_what_counts_as_narrow_takes_one_cell() -> None:
    wrong = [char for char in map(chr, range(0x20, sys.maxunicode)) if narrow(char) and cell_len(char) != 1]
    assert [char for char in wrong if char != "\x7f"] == []
