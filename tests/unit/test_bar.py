from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsterm.widgets.bar import Part, fit, part
from opsterm.widgets.key_bar import is_printable, key_name
from opsterm.widgets.words import ASCII, clock, count, eighths, left, size

PARTS = st.lists(st.builds(part, st.text("abc", min_size=1, max_size=12), keep=st.integers(0, 9)), max_size=6)


def used(parts: list[Part], gap: int) -> int:
    return sum(each.content.cell_length for each in parts) + gap * max(0, len(parts) - 1)


@given(PARTS, PARTS, st.integers(0, 80), st.integers(1, 3))
def test_what_is_left_fits_or_must_stay(left: list[Part], right: list[Part], width: int, gap: int) -> None:
    keep_left, keep_right = fit(left, right, width, gap)
    kept = keep_left + keep_right
    assert used(kept, gap) <= width or all(each.keep == 9 for each in kept)
    gone = [each for each in left + right if not any(each is one for one in kept)]
    if gone and kept:
        assert max(each.keep for each in gone) <= max(each.keep for each in kept)
    assert not any(each.keep == 9 for each in gone)


def test_everything_stays_where_there_is_room() -> None:
    parts = [part("one"), part("two", keep=0)]
    assert fit(parts, [part("three")], 80, 3) == (parts, [part("three")])


def test_names_of_keys() -> None:
    names = [key_name(key) for key in ("ctrl+b", "question_mark", "f7", "L", "ctrl+at", "escape", "shift+left")]
    assert names == ["ctrl+b", "?", "F7", "L", "ctrl+space", "esc", "shift+←"]


def test_what_an_input_takes_as_text() -> None:
    assert all(is_printable(key) for key in ("a", "L", "1", "slash", "question_mark", "space"))
    assert not any(is_printable(key) for key in ("ctrl+a", "f1", "up", "left", "escape", "enter", "pageup"))


def test_figures() -> None:
    assert [size(each) for each in (0, 999, 1400, 31_000_000, 224_600_000, 1_010_000_000, 9.96e15)] == [
        "0 B",
        "999 B",
        "1.4 kB",
        "31 MB",
        "225 MB",
        "1.0 GB",
        "9960.0 TB",
    ]
    assert clock(2467.9) == "00:41:07"
    counted = [count(1, "line"), count(1204, "line"), count(0, "match", "matches")]
    assert counted == ["1 line", "1,204 lines", "0 matches"]


def test_ascii_stands_in_cell_for_cell() -> None:
    assert "● open ↻ ✖ ▲ ✓ ≈ … ▌".translate(ASCII) == "* open @ X ! + = . |"
    assert all(len(chr(to)) == 1 and to < 128 for to in ASCII.values() if isinstance(to, int))


@given(st.floats(-1, 2), st.integers(1, 40))
def test_a_bar_of_eighths_has_its_width_and_grows(share: float, cells: int) -> None:
    assert len(eighths(share, cells)) == cells
    assert eighths(1, cells) == "█" * cells
    assert eighths(0, cells) == "░" * cells
    assert eighths(share, cells).count("█") <= eighths(share + 0.1, cells).count("█")


def test_time_left_is_said_when_it_is_no_guess() -> None:
    assert left(50, 100, 121) == "2 min 01 s left"
    assert left(90, 100, 9) == "1 s left"
    assert left(4, 100, 60) == left(50, 100, 2) == left(50, 0, 9) == ""
