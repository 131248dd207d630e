"""What a `RowTable` does while data comes in: the reader's place stays, and only what must be is drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from opsterm.widgets.row_table import Cell, Row
from opsterm.widgets.row_table import view as row_view
from opsterm.widgets.row_table.paint import Look, Painter
from tests.screens.row_app import TableApp, pod, pods
from tests.waiting import until


def at(app: TableApp, key: str) -> int:
    """Line of the table on which this row is drawn."""
    return next(y for y, line in enumerate(app.lines()) if line[3:].startswith(key))


def style_of(app: TableApp, key: str, text: str) -> Style:
    """The style in which `text` is drawn in the row of `key`."""
    strip = app.table.render_line(at(app, key))
    return next(segment.style for segment in strip if text in segment.text and segment.style is not None)


async def test_rows_that_come_and_go_move_nothing_under_the_eye() -> None:
    app = TableApp(pods(100, start=100))
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.move_to("pod-150")
        await pilot.press("k", "k")
        before = app.lines()
        app.table.set_rows(pods(200))
        assert app.lines() == before
        app.table.update_rows([], [f"pod-{number:03}" for number in range(100)])
        assert app.lines() == before
        app.table.sort_by("name")
        app.table.update_rows(pods(100))
        assert app.lines()[1:] == before[1:]


async def test_without_the_cursor_in_view_the_first_row_in_view_stays() -> None:
    app = TableApp(pods(100, start=100))
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.scroll_to(y=40, animate=False)
        await pilot.pause()
        assert app.lines()[1].startswith("   pod-140")
        app.table.set_rows(pods(200))
        assert app.lines()[1].startswith("   pod-140")
        assert app.table.cursor_key == "pod-100"


async def test_a_row_that_vanishes_leaves_the_cursor_on_its_line() -> None:
    app = TableApp(pods(100))
    async with app.run_test(size=(80, 24)):
        app.table.move_to("pod-050")
        line = at(app, "pod-050")
        app.table.update_rows([], ["pod-050"])
        assert app.table.cursor_key == "pod-051"
        assert at(app, "pod-051") == line


async def test_the_place_is_kept_while_the_table_is_hidden() -> None:
    app = TableApp(pods(100))
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.move_to("pod-050")
        await pilot.press("k", "k")
        line = at(app, "pod-048")
        app.table.display = False
        await pilot.pause()
        app.table.update_rows([], ["pod-045", "pod-046"])
        app.table.display = True
        await pilot.pause()
        assert at(app, "pod-048") == line


async def test_a_table_may_be_filled_and_asked_before_it_is_shown() -> None:
    app = TableApp(pods(100))
    app.table.move_to("pod-060")
    app.table.sort_by("age", reverse=True)
    app.table.update_rows([pod("pod-060", 3)], ["pod-000"])
    app.table.filter(lambda row: row.key != "pod-001")
    app.table.dimmed = True
    assert app.table.cursor_key == "pod-060"
    assert app.table.shown == 98
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert any(line.startswith(" ▌ pod-060") for line in app.lines())


KEYS = st.integers(0, 40)
ROWS = st.lists(st.builds(lambda number, age: pod(f"pod-{number:03}", age), KEYS, st.integers(0, 99)), max_size=40)
STEP = st.one_of(
    st.tuples(st.just("set"), ROWS),
    st.tuples(st.just("update"), ROWS),
    st.tuples(st.just("remove"), st.lists(KEYS, max_size=9)),
    st.tuples(st.just("move"), KEYS),
)


@given(st.lists(STEP, max_size=12), st.sampled_from([None, "age", "name"]))
@settings(max_examples=25, deadline=None)
def test_the_cursor_keeps_to_its_key_and_its_line_under_churn(
    steps: list[tuple[str, list]], column: str | None
) -> None:
    asyncio.run(churn(steps, column))


async def churn(steps: list[tuple[str, list]], column: str | None) -> None:
    app = TableApp(pods(40))
    async with app.run_test(size=(80, 12)):
        table = app.table
        table.sort_by(column)
        rows = {row.key: row for row in pods(40)}
        for name, what in steps:
            cursor, index = table.cursor_key, table.cursor_index
            line = index - table.scroll_offset.y
            if name == "move":
                table.move_to(f"pod-{what:03}")
                continue
            if name == "set":
                rows = {row.key: row for row in what}
                table.set_rows(what)
            elif name == "update":
                rows.update({row.key: row for row in what})
                table.update_rows(what)
            else:
                gone = [f"pod-{number:03}" for number in what]
                for key in gone:
                    rows.pop(key, None)
                table.update_rows([], gone)
            assert set(table.shown_keys) == rows.keys()
            assert table.total == len(rows)
            if cursor in rows:
                assert table.cursor_key == cursor
            elif rows:
                assert table.cursor_index == max(0, min(index, len(rows) - 1))
            else:
                assert table.cursor_key is None
            reachable = range(table.max_scroll_y + 1)
            if cursor in rows and table.cursor_index - line in reachable:
                assert table.cursor_index - table.scroll_offset.y == line


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Keys of the rows that are drawn from nothing, in order."""
    keys: list[str] = []
    paint = Painter.row

    def counted(self: Painter, row: Row, look: Look) -> object:
        keys.append(row.key)
        return paint(self, row, look)

    monkeypatch.setattr(Painter, "row", counted)
    return keys


async def test_only_rows_in_view_are_drawn_and_none_twice(painted: list[str]) -> None:
    app = TableApp(pods(5_000))
    async with app.run_test(size=(80, 24)) as pilot:
        page = app.table.size.height - 1
        assert set(painted) == {f"pod-{number:03}" for number in range(page)}
        painted.clear()
        app.table.refresh()
        app.table.set_rows(pods(5_000))
        await pilot.pause()
        assert painted == []
        await pilot.press("j")
        assert painted == ["pod-000", "pod-001"]
        painted.clear()
        app.table.update_rows([pod("pod-003", status="Failed"), pod("pod-4000", status="Failed")])
        await pilot.pause()
        assert painted == ["pod-003"]
        painted.clear()
        await pilot.press("G")
        assert len(painted) <= page
        assert len(app.table._strips) <= row_view.CACHED_STRIPS


async def test_strips_are_kept_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_view, "CACHED_STRIPS", 30)
    app = TableApp(pods(500))
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(10):
            await pilot.press("pagedown")
        assert len(app.table._strips) == 30


async def test_a_changed_cell_is_bold_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_view, "FRESH_SECONDS", 0.3)
    app = TableApp(pods(9))
    async with app.run_test(size=(80, 24)):
        assert not style_of(app, "pod-005", "Running").bold
        app.table.update_rows([pod("pod-005", 99, Cell("Failed", "error")), pod("pod-050")])
        assert style_of(app, "pod-005", "Failed").bold
        assert not style_of(app, "pod-005", "99m").bold, "an age changes by itself"
        assert not style_of(app, "pod-050", "Running").bold, "a new row is no change"
        await until(lambda: not style_of(app, "pod-005", "Failed").bold, "the cell is calm again")


async def test_without_animations_nothing_turns_bold() -> None:
    app = TableApp(pods(9))
    async with app.run_test(size=(80, 24)):
        app.animation_level = "none"
        app.table.update_rows([pod("pod-005", status="Failed")])
        assert not style_of(app, "pod-005", "Failed").bold


async def test_columns_widen_at_once_and_narrow_only_when_refitted() -> None:
    app = TableApp(pods(3))
    async with app.run_test(size=(80, 24)):
        narrow = app.lines()[0]
        app.table.update_rows([pod("pod-001", status="ImagePullBackOff")])
        wide = app.lines()[0]
        assert wide.index("RESTARTS") > narrow.index("RESTARTS")
        app.table.set_rows(pods(3))
        assert app.lines()[0] == wide
        app.table.refit()
        assert app.lines()[0] == narrow


async def test_roles_are_colours_of_the_theme_and_change_with_it() -> None:
    app = TableApp([pod("a"), pod("b", status=Cell("✖ Failed", "error")), pod("c", status=Cell("x", "no-such-role"))])
    async with app.run_test(size=(80, 24)) as pilot:
        plain, error = style_of(app, "b", "2/2"), style_of(app, "b", "✖ Failed")
        assert plain.color != error.color
        assert style_of(app, "c", "x").color == plain.color
        app.theme = "textual-light"
        await pilot.pause()
        assert style_of(app, "b", "2/2").color != plain.color


async def test_the_chosen_column_and_the_sorted_one_stand_out_among_the_titles() -> None:
    app = TableApp(pods(3))
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.sort_by("status")
        await pilot.press("shift+right")
        styles = {segment.text.strip(): segment.style for segment in app.table.render_line(0)}
        plain, by, chosen = styles["NAME          READY"], styles["STATUS↑"], styles["RESTARTS"]
        assert plain is not None
        assert by is not None
        assert chosen is not None
        assert (plain.bold, by.bold, chosen.bold) == (None, True, None)
        assert (plain.underline, by.underline, chosen.underline) == (None, None, True)


async def test_old_data_is_muted_and_comes_back() -> None:
    app = TableApp([pod("a"), pod("b", status=Cell("✖ Failed", "error"))])
    async with app.run_test(size=(80, 24)):
        error = style_of(app, "b", "✖ Failed")
        app.table.dimmed = True
        assert style_of(app, "b", "✖ Failed") == style_of(app, "b", "2/2")
        assert style_of(app, "b", "✖ Failed") != error
        app.table.dimmed = False
        assert style_of(app, "b", "✖ Failed") == error


async def test_the_cursor_row_tells_whether_the_table_has_the_focus() -> None:
    app = TableApp(pods(3))
    async with app.run_test(size=(80, 24)) as pilot:
        focused = style_of(app, "pod-000", "2/2").bgcolor
        assert focused != style_of(app, "pod-001", "2/2").bgcolor
        await pilot.press("tab")
        blurred = style_of(app, "pod-000", "2/2").bgcolor
        assert blurred not in (focused, style_of(app, "pod-001", "2/2").bgcolor)
        assert app.lines()[1].startswith(" ▌ pod-000")
