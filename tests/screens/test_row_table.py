from __future__ import annotations

import pytest
from textual import events
from textual.content import Content
from textual.geometry import Offset
from textual.pilot import Pilot

from opsterm.widgets.row_table import Cell, Column, Row, RowTable
from tests.screens.row_app import TableApp, pod, pods
from tests.waiting import until

MOCK_UP = [
    pod("web-7c9f-x2k4p", 14),
    pod("web-7c9f-p9qzm", 14, Cell("✖ CrashLoopBackOff", "error"), 7),
    pod("web-6b1d-77abc", 4320, Cell("◐ Terminating", "warning")),
]
HOSTILE = ["[/red]", "[@click=app.bell]x[/]", "[/", "[link=http://x]y[/]", "日本語のポッド", "[bold", "e\u0301é"]


async def test_it_looks_like_the_mock_up() -> None:
    app = TableApp(MOCK_UP)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "space", "k", "k")
        app.table.sort_by("age", reverse=False)
        assert app.lines()[:5] == [
            "   NAME            READY  STATUS              RESTARTS    AGE↑ NODE",
            " ▌ web-7c9f-x2k4p  2/2    Running                    0    14m  node-a",
            " * web-7c9f-p9qzm  2/2    ✖ CrashLoopBackOff         7    14m  node-a",
            "   web-6b1d-77abc  2/2    ◐ Terminating              0  4320m  node-a",
            "",
        ]


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (80, "   NAME            READY  STATUS              RESTARTS    AGE  NODE"),
        (60, "   NAME          READY  STATUS              RESTARTS    AGE"),
        (50, "   NAME            READY  STATUS"),
        (40, "   NAME            STATUS"),
    ],
)
async def test_a_narrow_screen_drops_columns_by_priority(width: int, titles: str) -> None:
    app = TableApp(MOCK_UP)
    async with app.run_test(size=(width, 24)):
        assert app.lines()[0] == titles
        assert all(app.table.render_line(y).cell_length == width for y in range(app.table.size.height))


async def test_a_resize_lays_the_columns_out_again() -> None:
    app = TableApp(MOCK_UP)
    async with app.run_test(size=(120, 40)) as pilot:
        assert "NODE" in app.lines()[0]
        await pilot.resize_terminal(40, 24)
        await pilot.pause()
        assert app.lines()[0] == "   NAME            STATUS"


async def test_foreign_text_is_shown_as_it_is() -> None:
    app = TableApp([Row(text, (text, text, text)) for text in HOSTILE])
    async with app.run_test(size=(120, 40)) as pilot:
        for y, text in enumerate(HOSTILE, start=1):
            assert app.lines()[y].count(text) == 3
            await pilot.click(app.table, offset=Offset(4, y))
        app.table.placeholder = Content(HOSTILE[0])
        app.table.set_rows([])
        assert app.lines()[0] == "   [/red]"


@pytest.mark.parametrize("width", [120, 80, 40, 10, 3])
async def test_every_line_is_as_wide_as_the_table_whatever_is_in_it(width: int) -> None:
    app = TableApp([Row(text, (text * 9, text, text)) for text in HOSTILE])
    async with app.run_test(size=(width, 12)) as pilot:
        await pilot.press("space", "shift+right", "O")
        assert {app.table.render_line(y).cell_length for y in range(app.table.size.height)} == {app.table.size.width}


async def press(pilot: Pilot[None], *keys: str) -> str | None:
    await pilot.press(*keys)
    table = pilot.app.query_one(RowTable)
    return table.cursor_key


async def test_the_keys_of_lists_move_the_cursor_and_the_view_follows() -> None:
    app = TableApp(pods(100))
    async with app.run_test(size=(80, 24)) as pilot:
        page = app.table.size.height - 1
        assert app.table.at_top
        assert await press(pilot, "j") == "pod-001"
        assert not app.table.at_top
        assert await press(pilot, "down", "down") == "pod-003"
        assert await press(pilot, "k", "up") == "pod-001"
        assert await press(pilot, "G") == "pod-099"
        assert app.lines()[-1].startswith(" ▌ pod-099")
        assert await press(pilot, "down") == "pod-099"
        assert await press(pilot, "home") == "pod-000"
        assert app.lines()[1].startswith(" ▌ pod-000")
        assert await press(pilot, "ctrl+f") == f"pod-{page:03}"
        assert await press(pilot, "pagedown") == f"pod-{2 * page:03}"
        assert await press(pilot, "pageup", "ctrl+b") == "pod-000"
        assert await press(pilot, "end") == "pod-099"
        assert await press(pilot, "g") == "pod-000"


async def test_the_cursor_row_is_told_once_for_each_row() -> None:
    app = TableApp(pods(3))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "j", "j", "k")
        app.table.update_rows([pod("pod-001", 99)], ["pod-000"])
        await pilot.pause()
        assert app.said == [
            "highlighted pod-000",
            "highlighted pod-001",
            "highlighted pod-002",
            "highlighted pod-001",
        ]


async def test_space_marks_and_moves_and_a_range_goes_from_the_last_mark() -> None:
    app = TableApp(pods(9))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "space")
        assert (app.table.marks, app.table.cursor_key) == ({"pod-001"}, "pod-002")
        await pilot.press("j", "j", "ctrl+space")
        assert app.table.marks == {"pod-001", "pod-002", "pod-003", "pod-004"}
        assert [line[:10] for line in app.lines()[1:7]] == [
            "   pod-000",
            " * pod-001",
            " * pod-002",
            " * pod-003",
            " ▌*pod-004",
            "   pod-005",
        ]
        await pilot.press("ctrl+backslash")
        assert app.table.marks == set()
        await pilot.press("ctrl+@", "ctrl+@")
        assert app.table.marks == {"pod-004"}
        app.table.update_rows([], ["pod-004"])
        await pilot.pause()
        assert [text for text in app.said if text.startswith("marks")][-2:] == ["marks pod-004", "marks "]


async def test_enter_opens_the_row_under_the_cursor() -> None:
    app = TableApp(pods(3))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "enter")
        assert app.said[-1] == "opened pod-001"
        app.table.set_rows([])
        await pilot.press("enter", "space", "ctrl+space", "j", "G")
        assert app.said[-1] == "highlighted None"


async def test_a_column_is_chosen_and_sorted_by_with_the_keyboard() -> None:
    app = TableApp(pods(3))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("shift+left", "shift+left", "O")
        assert app.said[-1] == "sort age ↑"
        await pilot.press("O")
        assert app.said[-1] == "sort age ↓"
        assert app.table.shown_keys == ("pod-002", "pod-001", "pod-000")
        assert "AGE↓" in app.lines()[0]
        assert app.table.cursor_key == "pod-000"
        await pilot.press("shift+right", "shift+right", "shift+right", "O")
        assert app.said[-1] == "sort node ↑"
        app.table.sort_by(None)
        assert app.table.shown_keys == ("pod-000", "pod-001", "pod-002")
        with pytest.raises(KeyError):
            app.table.sort_by("nothing")


async def test_a_click_on_a_title_sorts_and_again_turns_around() -> None:
    app = TableApp(pods(3))
    async with app.run_test(size=(80, 24)) as pilot:
        x = app.lines()[0].index("AGE")
        await pilot.click(app.table, offset=Offset(x, 0))
        assert app.said[-1] == "sort age ↑"
        await pilot.click(app.table, offset=Offset(x + 3, 0))
        assert app.said[-1] == "sort age ↓"
        await pilot.click(app.table, offset=Offset(79, 0))
        assert app.said[-1] == "sort age ↓"


async def test_a_click_selects_and_a_click_on_the_cursor_row_opens() -> None:
    app = TableApp(pods(9))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click(app.table, offset=Offset(5, 3))
        assert app.said[-1] == "highlighted pod-002"
        await pilot.click(app.table, offset=Offset(5, 20))
        assert app.said[-1] == "highlighted pod-002"
        await pilot.click(app.table, offset=Offset(5, 3))
        assert app.said[-1] == "opened pod-002"


@pytest.mark.parametrize("y", [1, 4])
async def test_a_double_click_opens_once(y: int) -> None:
    app = TableApp(pods(9))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.double_click(app.table, offset=Offset(5, y))
        assert [text for text in app.said if text.startswith("opened")] == [f"opened pod-{y - 1:03}"]


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app = TableApp(pods(100))
    async with app.run_test(size=(80, 24)) as pilot:
        wheel = events.MouseScrollDown(app.table, 5, 5, 0, 1, 0, False, False, False)
        app.table.post_message(wheel)
        app.table.post_message(wheel)
        await until(lambda: app.table.scroll_offset.y > 1, "the view is scrolled")
        assert app.table.cursor_key == "pod-000"
        assert "▌" not in "".join(app.lines())
        await pilot.press("j")
        assert app.lines()[1].startswith(" ▌ pod-001")


async def test_a_filter_counts_what_it_hides_and_the_placeholder_stands_in_for_nothing() -> None:
    app = TableApp(pods(20))
    async with app.run_test(size=(80, 24)):
        app.table.filter(lambda row: row.key.endswith("7"))
        assert (app.table.shown, app.table.total) == (2, 20)
        assert app.table.cursor_key == "pod-007"
        app.table.placeholder = Content('0 of 20 pods match "wbe".')
        app.table.filter(lambda row: False)
        assert [line.strip() for line in app.lines()[:3]] == [
            "NAME          READY  STATUS   RESTARTS  AGE  NODE",
            '0 of 20 pods match "wbe".',
            "",
        ]
        assert app.table.cursor_row is None
        app.table.filter(None)
        assert app.table.cursor_key == "pod-000"


async def test_move_to_brings_a_row_into_view() -> None:
    app = TableApp(pods(100))
    async with app.run_test(size=(80, 24)):
        assert app.table.move_to("pod-077")
        assert app.lines()[-1].startswith(" ▌ pod-077")
        assert app.table.cursor_row == pods(1, 77)[0]
        assert not app.table.move_to("pod-777")
        app.table.filter(lambda row: row.key < "pod-050")
        assert not app.table.move_to("pod-077")


async def test_what_is_shown_can_be_copied() -> None:
    app = TableApp(pods(3), (Column("name", "NAME"), Column("ready", "READY"), Column("status", "STATUS")))
    async with app.run_test(size=(10, 10)) as pilot:
        assert app.table.copy_text().split("\t")[:3] == ["pod-000", "2/2", "Running"]
        await pilot.press("j", "space", "space")
        app.table.filter(lambda row: row.key != "pod-002")
        assert [line.split("\t")[0] for line in app.table.text().splitlines()] == ["pod-001", "pod-002"]
        whole = app.table.text(all=True).splitlines()
        assert whole[0] == "NAME\tREADY\tSTATUS"
        assert [line.split("\t")[0] for line in whole[1:]] == ["pod-000", "pod-001"]
        app.table.set_rows([])
        assert app.table.copy_text() == ""


async def test_every_key_has_an_id_and_a_tooltip_and_can_be_changed() -> None:
    app = TableApp(pods(3))
    async with app.run_test(size=(80, 24)) as pilot:
        own = [binding for _, binding in app.table._bindings]
        assert all(binding.id and binding.id.startswith("list.") and binding.tooltip for binding in own)
        app.set_keymap({"list.down": "z"})
        await pilot.press("j")
        assert app.table.cursor_key == "pod-000"
        await pilot.press("z")
        assert app.table.cursor_key == "pod-001"


async def test_other_columns_keep_the_rows_and_the_cursor() -> None:
    app = TableApp(pods(3))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j")
        app.table.sort_by("ready")
        app.table.set_columns([Column("name", "POD"), Column("ready", "READY")])
        assert app.lines()[:3] == ["   POD      READY↑", "   pod-000  2/2", " ▌ pod-001  2/2"]
        app.table.set_columns([Column("name", "POD")])
        assert app.table.sort_column is None
