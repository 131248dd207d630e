"""Pointing at lines, and what can be taken from a pane: copied, saved, zoomed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.geometry import Offset
from textual.selection import Selection

from opsterm.services.lines import Direction, Flag, Ring
from opsterm.services.match import parse
from opsterm.widgets.line_view.stamps import Stamps
from tests.screens.line_pane import LineApp, line, lines, rows
from tests.waiting import until


async def test_copying_takes_the_selection_or_the_cursor_line_or_everything() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        app.view.copy()
        ring.extend(lines(3))
        await until(lambda: rows(app)[2])
        app.view.copy()
        await pilot.press("k")
        app.view.copy()
        app.screen.selections = {app.view: Selection(Offset(34, 0), Offset(4, 1))}
        app.view.copy()
        await until(lambda: len(app.copied) == 4)
        everything = "\n".join(str(kept) for kept in ring.since(0))
        assert [copied.text for copied in app.copied] == ["", everything, str(ring[1]), "line 0\n2020"]
        assert [copied.lines for copied in app.copied] == [0, 3, 1, 2]


async def test_dragging_selects_whole_characters_and_pauses() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend([line("漢字 [bold]x"), line("second")])
        await until(lambda: rows(app)[1])
        await pilot.mouse_down(app.view, offset=(37, 0))
        await pilot.hover(app.view, offset=(38, 1))
        await pilot.mouse_up(app.view, offset=(38, 1))
        assert app.screen.get_selected_text() == f"字 [bold]x\n{str(ring[1])[:38]}"
        assert not app.view.follow
        ring.extend(lines(100))
        await until(lambda: app.view.new_lines == 100)
        assert app.view.copy_text().startswith("字 [bold]x\n")


async def test_a_selection_in_a_wrapped_line_counts_its_characters() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        app.view.wrap = True
        ring.append(line("".join(chr(0x61 + at % 26) for at in range(100))))
        await until(lambda: rows(app)[2])
        await pilot.mouse_down(app.view, offset=(0, 1))
        await pilot.hover(app.view, offset=(37, 1))
        await pilot.mouse_up(app.view, offset=(37, 1))
        assert app.view.copy_text() == ring[0].text[44:47]


async def test_v_selects_lines_and_y_copies_them() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 5)) as pilot:
        ring.extend(lines(20))
        await until(lambda: rows(app)[-1].endswith("line 19"))
        await pilot.press("v", "k", "k", "y")
        await until(lambda: app.copied)
        assert app.copied[0].text == "\n".join(str(kept) for kept in ring.since(17))
        assert app.copied[0].lines == 3
        await pilot.press("v", "k", "escape", "y")
        await until(lambda: len(app.copied) == 2)
        assert app.copied[1].text == str(ring[16])


async def test_what_is_copied_has_the_stamps_of_the_screen() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 5)) as pilot:
        ring.extend(lines(3))
        app.view.stamps = Stamps.DELTA
        await until(lambda: rows(app)[2])
        await pilot.press("v", "k", "y")
        await until(lambda: app.copied)
        assert app.copied[0].text.splitlines() == [row[1:] for row in rows(app)[1:3]]


async def test_enter_and_double_click_zoom() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(5))
        await until(lambda: rows(app)[4])
        await pilot.press("enter", "k", "enter")
        await pilot.click(app.view, offset=(20, 1), times=2)
        await until(lambda: len(app.zoomed) == 3)
        assert [kept.seq for kept in app.zoomed] == [4, 3, 1]
        assert app.view.text_selection is None


async def test_a_click_points_only_in_a_paused_view() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(5))
        await until(lambda: rows(app)[4])
        await pilot.click(app.view, offset=(20, 1))
        assert app.view.cursor.seq is None
        await pilot.press("s")
        await pilot.click(app.view, offset=(20, 2))
        assert app.view.cursor.seq == 2
        await until(lambda: rows(app)[2].startswith("▌"))


async def test_bookmarks_are_marked_and_visited_in_turn() -> None:
    ring = Ring(max_lines=100)
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(100))
        await until(lambda: rows(app)[-1].endswith("line 99"))
        await pilot.press("m", "home", "j", "m", "apostrophe")
        assert app.view.cursor.seq == 99
        await pilot.press("apostrophe")
        assert app.view.cursor.seq == 1
        await pilot.press("k")
        await until(lambda: any(row.startswith("*") for row in rows(app)))
        ring.extend(lines(10, start=100))
        await until(lambda: app.view.cursor.bookmarks == [99], "the other one is evicted")


async def test_every_line_can_be_pointed_at_by_keys_alone() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 5)) as pilot:
        ring.extend(lines(12))
        await until(lambda: rows(app)[-1].endswith("line 11"))
        seen = []
        for _ in range(12):
            await pilot.press("k")
            seen.append(app.view.cursor.seq)
        for _ in range(12):
            await pilot.press("j")
            seen.append(app.view.cursor.seq)
        assert seen == [*range(10, -1, -1), 0, *range(1, 12), 11]


async def test_clearing_hides_and_brings_back() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(5))
        await until(lambda: rows(app)[4])
        await pilot.press("C")
        await until(lambda: not rows(app)[0])
        ring.append(line("new"))
        await until(lambda: rows(app)[0].endswith("new"))
        assert app.view.total == 1
        assert list(app.view.saved_lines()) == [str(ring[5])]
        await pilot.press("C")
        await until(lambda: rows(app)[5].endswith("new"))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["web ok", "web error", "漢字 error", "job [/]", ""]), max_size=60))
async def test_what_is_saved_is_what_passes(texts: list[str]) -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)):
        half = len(texts) // 2
        ring.extend(
            line(text, direction=Direction.NOTE if text == "web ok" else Direction.RX) for text in texts[:half]
        )
        match = parse("error !job")
        app.view.filter(match)
        ring.extend(line(text, flags=Flag.PARTIAL) for text in texts[half:])
        passing = [kept for kept in ring.since(0) if kept.direction is Direction.NOTE or match.test(kept.text)]
        await until(lambda: app.view._index.complete)
        assert list(app.view.saved_lines()) == [str(kept) for kept in passing]
        assert app.view.matched == sum(kept.direction is not Direction.NOTE for kept in passing)
