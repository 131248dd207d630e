from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from opsterm.widgets.row_table.columns import GAP, Widths, fit
from opsterm.widgets.row_table.records import Column, Row

NAME = Column("name", "NAME", flexible=True, min_width=8)
STATUS = Column("status", "STATUS", priority=1)
NODE = Column("node", "NODE", priority=3)
AGE = Column("age", "AGE", "right", priority=2)
COLUMNS = (NAME, STATUS, NODE, AGE)
ROW = Row("a", ("web-7c9f-x2k4p", "Running", "node-a", "14m"))  # 14, 7, 6 and 3 cells wide


def widths() -> Widths:
    found = Widths(COLUMNS)
    found.measure([ROW])
    return found


def drawn(available: int) -> dict[str, int]:
    return {COLUMNS[slot.index].key: slot.width for slot in widths().lay_out(available)}


def test_all_columns_stand_at_their_natural_width_where_there_is_room() -> None:
    assert drawn(36) == {"name": 14, "status": 7, "node": 6, "age": 3}
    assert drawn(200) == drawn(36)


def test_the_flexible_column_shrinks_before_a_column_goes() -> None:
    assert drawn(35) == {"name": 13, "status": 7, "node": 6, "age": 3}
    assert drawn(30) == {"name": 8, "status": 7, "node": 6, "age": 3}


def test_columns_go_by_priority_and_the_flexible_one_takes_what_they_leave() -> None:
    assert drawn(29) == {"name": 14, "status": 7, "age": 3}
    assert drawn(20) == {"name": 11, "status": 7}
    assert drawn(16) == {"name": 14}
    assert drawn(5) == {"name": 5}


def test_columns_grow_at_once_and_shrink_only_when_refitted() -> None:
    found = widths()
    assert found.measure([Row("b", ("n", "CrashLoopBackOff"))])
    assert not found.measure([Row("b", ("n", "Running"))])
    assert found.natural() == [14, 16, 6, 3]
    found.refit([Row("b", ("n", "Running"))])
    assert found.natural() == [8, 7, 4, 3]


def test_a_column_keeps_within_its_own_limits() -> None:
    found = Widths([Column("image", "IMAGE", min_width=7, max_width=10)])
    assert found.natural() == [7]
    found.measure([Row("a", ("x" * 50,))])
    assert found.natural() == [10]


def test_text_is_cut_by_cells_and_never_halves_a_wide_character() -> None:
    assert fit("web-7c9f", 5) == "web-…"
    assert fit("日本語", 6) == "日本語"
    assert fit("日本語", 5) == "日本…"
    assert fit("日本語", 4) == "日 …"
    assert fit("14m", 5, "right") == "  14m"
    assert fit("x", 0) == ""


@given(st.text(st.characters(exclude_categories=["C", "M"])), st.integers(0, 30), st.sampled_from(["left", "right"]))
def test_fitted_text_is_exactly_as_wide_as_asked(text: str, width: int, align: str) -> None:
    assert cell_len(fit(text, width, align)) == width


@given(
    st.lists(
        st.builds(
            Column,
            key=st.text(),
            title=st.text("TITLE", max_size=9),
            priority=st.integers(0, 9),
            min_width=st.integers(0, 12),
            max_width=st.integers(0, 20),
            flexible=st.booleans(),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 120),
)
def test_a_layout_fits_and_stands_in_order(columns: list[Column], available: int) -> None:
    slots = Widths(columns).lay_out(available)
    assert slots
    assert slots[-1].x + slots[-1].width <= available
    for left, right in pairwise(slots):
        assert left.index < right.index
        assert left.x + left.width + GAP == right.x
    dropped = set(range(len(columns))) - {slot.index for slot in slots}
    kept = max(columns[slot.index].priority for slot in slots)
    assert all(columns[index].priority >= kept for index in dropped)
