from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from opsterm.widgets.row_table.model import RowModel
from opsterm.widgets.row_table.records import Cell, Row


def row(key: str, value: int = 0) -> Row:
    return Row(key, (key, Cell(f"{value}m", sort=value)))


def model(keys: str) -> RowModel:
    found = RowModel()
    found.replace([row(key, value) for value, key in enumerate(keys)])
    return found


def test_the_cursor_starts_on_the_first_row_and_keeps_to_its_key() -> None:
    found = model("abc")
    assert found.cursor == "a"
    found.move_to_index(1)
    found.replace([row("x"), row("c"), row("y"), row("b")])
    assert (found.cursor, found.index) == ("b", 3)


def test_a_row_that_vanishes_leaves_the_cursor_at_its_index() -> None:
    found = model("abcd")
    found.move_to_index(1)
    found.update([], ["b"])
    assert found.cursor == "c"
    found.update([], ["c", "d"])
    assert found.cursor == "a"
    found.replace([])
    assert found.cursor is None
    found.replace([row("z")])
    assert found.cursor == "z"


def test_a_change_names_what_is_new_what_changed_and_what_is_gone() -> None:
    found = model("abc")
    a, b, c = (found.rows[key] for key in "abc")
    change = found.replace([row("a", 0), row("b", 9), row("d", 3)])
    assert [each.key for each in change.rows] == ["b", "d"]
    assert change.cells == [("b", 1)]
    assert change.gone == ["c"]
    assert change.moved
    assert found.rows["a"] is a
    assert found.rows["b"] != b
    assert c.key not in found.rows


def test_the_same_rows_again_are_no_change() -> None:
    found = model("abc")
    change = found.replace([row(key, value) for value, key in enumerate("abc")])
    assert not change.rows
    assert not change.gone
    assert not change.moved


def test_another_colour_is_drawn_but_is_no_news() -> None:
    found = model("a")
    change = found.update([Row("a", ("a", Cell("0m", "error", 0)))])
    assert [each.key for each in change.rows] == ["a"]
    assert change.cells == []
    assert not change.moved


def test_marks_belong_to_keys_and_go_with_their_row() -> None:
    found = model("abcd")
    found.toggle_mark("b")
    found.toggle_mark("c")
    found.filter(lambda each: each.key != "b")
    assert found.marks == {"b", "c"}
    assert found.update([], ["b"]).unmarked
    assert found.marks == {"c"}
    assert not found.update([row("c", 8)], ["a"]).unmarked


@pytest.mark.parametrize(("start", "end"), [(1, 3), (3, 1)])
def test_a_range_of_marks_goes_from_the_last_mark_to_the_cursor(start: int, end: int) -> None:
    found = model("abcde")
    found.toggle_mark("abcde"[start])
    found.move_to_index(end)
    found.mark_range()
    assert found.marks == set("bcd")


def test_a_range_without_a_mark_is_the_cursor_row() -> None:
    found = model("abc")
    found.toggle_mark("c")
    found.toggle_mark("c")
    found.mark_range()
    assert found.marks == {"a"}


def test_sorting_is_by_value_stable_and_turns_around() -> None:
    found = RowModel()
    values = {"a": 10, "b": 9, "c": 100, "d": 9}
    found.replace(row(key, value) for key, value in values.items())
    found.sort(1)
    assert found.shown == ["b", "d", "a", "c"]
    found.sort(1, reverse=True)
    assert found.shown == ["c", "a", "b", "d"]
    found.sort(None)
    assert found.shown == ["a", "b", "c", "d"]


def test_a_changed_value_moves_its_row_to_its_new_place() -> None:
    found = model("abc")
    found.sort(1)
    found.move_to_index(1)
    assert found.update([row("a", 9)]).moved
    assert found.shown == ["b", "c", "a"]
    assert found.replace([row("a", 9), row("b", 9), row("c", 2)]).moved
    assert found.shown == ["c", "a", "b"]
    assert (found.cursor, found.index) == ("b", 2)


def test_rows_without_a_value_come_last_both_ways() -> None:
    found = RowModel()
    found.replace([Row("none", ("–",)), Row("two", (Cell("2", sort=2),)), Row("one", (Cell("1", sort=1),))])
    found.sort(0)
    assert found.shown == ["one", "two", "none"]
    found.sort(0, reverse=True)
    assert found.shown == ["two", "one", "none"]


def test_text_is_sorted_without_case_and_short_rows_count_as_empty() -> None:
    found = RowModel()
    found.replace([Row("1", ("beta",)), Row("2", ("Alpha",)), Row("3", ())])
    found.sort(0)
    assert found.shown == ["3", "2", "1"]


def test_a_filter_is_asked_again_only_about_rows_that_change() -> None:
    asked: list[str] = []

    def odd(each: Row) -> bool:
        asked.append(each.key)
        return bool(each.cells[1].sort % 2)  # type: ignore[union-attr]

    found = model("abcd")
    found.filter(odd)
    assert found.shown == ["b", "d"]
    asked.clear()
    found.update([row("a", 5), row("b", 2)])
    assert asked == ["a", "b"]
    assert found.shown == ["a", "d"]
    found.filter(None)
    assert found.shown == ["a", "b", "c", "d"]


KEYS = st.sampled_from("abcdefgh")
ROWS = st.lists(st.builds(row, KEYS, st.integers(0, 5)), max_size=8)


def expected_order(rows: dict[str, Row], threshold: int, column: int | None, reverse: bool) -> list[str]:
    """The rows shown, worked out from nothing each time."""
    shown = [key for key, each in rows.items() if value_of(each) >= threshold]
    if column is None:
        return shown
    values = {key: rows[key].texts()[0] if column == 0 else value_of(rows[key]) for key in shown}
    return sorted(shown, key=lambda key: values[key], reverse=reverse)  # type: ignore[arg-type,return-value]


def value_of(each: Row) -> int:
    cell = each.cells[1]
    assert isinstance(cell, Cell)
    return int(cell.sort)


class Churn(RuleBasedStateMachine):
    """Any sequence of updates, filters and sorts leaves everything where a plain model has it."""

    def __init__(self) -> None:
        super().__init__()
        self.model = RowModel()
        self.rows: dict[str, Row] = {}
        self.threshold = 0
        self.column: int | None = None
        self.reverse = False
        self.cursor: str | None = None
        self.index = 0
        self.marks: set[str] = set()

    @rule(rows=ROWS)
    def replace(self, rows: list[Row]) -> None:
        before = dict(self.model.rows)
        change = self.model.replace(rows)
        self.rows = {each.key: each for each in rows}
        assert {each.key for each in change.rows} == {k for k, each in self.rows.items() if before.get(k) != each}
        assert set(change.gone) == before.keys() - self.rows.keys()
        self.settle()

    @rule(rows=ROWS, removed=st.lists(KEYS, max_size=3))
    def update(self, rows: list[Row], removed: Iterable[str]) -> None:
        shown = list(self.model.shown)
        change = self.model.update(rows, removed)
        for each in rows:
            self.rows[each.key] = each
        for key in removed:
            self.rows.pop(key, None)
        assert change.moved == (shown != self.model.shown)
        self.settle()

    @rule(threshold=st.integers(0, 6))
    def filter(self, threshold: int) -> None:
        self.threshold = threshold
        self.model.filter(None if threshold == 0 else lambda each: value_of(each) >= threshold)
        self.settle()

    @rule(column=st.sampled_from([None, 0, 1]), reverse=st.booleans())
    def sort(self, column: int | None, reverse: bool) -> None:
        self.column, self.reverse = column, reverse
        self.model.sort(column, reverse)
        self.settle()

    @rule(index=st.integers(-1, 9))
    def move(self, index: int) -> None:
        self.model.move_to_index(index)
        shown = self.model.shown
        self.index = max(0, min(index, len(shown) - 1))
        self.cursor = shown[self.index] if shown else None

    @rule()
    def mark(self) -> None:
        if self.cursor is not None:
            self.model.toggle_mark(self.cursor)
            self.marks ^= {self.cursor}

    def settle(self) -> None:
        shown = expected_order(self.rows, self.threshold, self.column, self.reverse)
        self.marks &= self.rows.keys()
        if self.cursor in shown:
            self.index = shown.index(self.cursor)
        else:
            self.index = max(0, min(self.index, len(shown) - 1))
            self.cursor = shown[self.index] if shown else None

    @invariant()
    def agrees(self) -> None:
        assert self.model.rows == self.rows
        assert self.model.shown == expected_order(self.rows, self.threshold, self.column, self.reverse)
        assert self.model.cursor == self.cursor
        assert self.model.index == self.index
        assert self.model.marks == self.marks


TestChurn = Churn.TestCase
TestChurn.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


@given(st.lists(st.integers(0, 9), max_size=12))
def test_equal_rows_keep_the_order_in_which_they_came(values: list[int]) -> None:
    found = RowModel()
    found.replace(row(f"{place:02}", value) for place, value in enumerate(values))
    for reverse in (False, True):
        found.sort(1, reverse)
        for left, right in pairwise(found.shown):
            if value_of(found.rows[left]) == value_of(found.rows[right]):
                assert left < right
