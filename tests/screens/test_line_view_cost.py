"""What a pane does not do: draw what nobody sees, paint more often than the screen needs, search all at once."""

from __future__ import annotations

from unittest.mock import patch

from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import ContentSwitcher

from opsterm.services.lines import Ring
from opsterm.services.match import parse
from opsterm.widgets.line_view import LineView
from opsterm.widgets.line_view import pane as line_pane
from opsterm.widgets.line_view.painter import LinePainter
from tests.screens.line_pane import LineApp, line, lines, rows
from tests.waiting import until


async def test_only_rows_on_the_screen_are_drawn() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        with patch.object(LinePainter, "draw", autospec=True, side_effect=LinePainter.draw) as draw:
            with patch.object(LineView, "_take_in", autospec=True, side_effect=LineView._take_in) as takes:
                for start in range(0, 50_000, 1000):
                    ring.extend(lines(1000, start=start))
                await until(lambda: rows(app)[-1].endswith("line 49999"))
            assert 0 < draw.call_count <= 10 * takes.call_count
            drawn = draw.call_count
            await pilot.press("k")
            assert draw.call_count <= drawn + 3, "the rows that were there before are kept as drawn"


async def test_a_hidden_view_neither_looks_nor_draws_and_catches_up_when_shown() -> None:
    first, second = Ring(), Ring()

    class SwitchApp(App[None]):
        def compose(self) -> ComposeResult:
            with ContentSwitcher(initial="first"):
                yield LineView(first, id="first")
                yield LineView(second, id="second")

    app = SwitchApp()
    async with app.run_test(size=(80, 10)) as pilot:
        first.append(line("here"))
        await until(lambda: rows(app)[0].endswith("here"))
        hidden = app.query_one("#second", LineView)
        with patch.object(LineView, "_place", autospec=True, side_effect=LineView._place) as place:
            second.extend(lines(30_000))
            first.append(line("again"))
            await until(lambda: rows(app)[1].endswith("again"))
            assert all(call.args[0] is not hidden for call in place.call_args_list)
        app.query_one(ContentSwitcher).current = "second"
        await until(lambda: rows(app)[-1].endswith("line 29999"))
        await until(lambda: hidden.total == 30_000)
        await pilot.pause()


async def test_a_view_on_a_screen_behind_another_waits_until_it_is_in_front_again() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.append(line("before"))
        await until(lambda: rows(app)[0].endswith("before"))
        await app.push_screen(Screen())
        await until(lambda: not app.view.seen)
        ring.append(line("meanwhile"))
        await pilot.pause()
        assert app.view.total == 1
        await app.pop_screen()
        await until(lambda: rows(app)[1].endswith("meanwhile"))


async def test_a_large_ring_is_filtered_in_slices_with_the_screen_right_after_the_first() -> None:
    ring = Ring()
    ring.extend(lines(60_000))
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)):
        await until(lambda: app.view.total == 60_000)
        with patch.object(line_pane, "_SLICE", 0):
            app.view.filter(parse("9$"))
            assert 10 < app.view.matched < 6000
            await until(lambda: rows(app)[-1].endswith("line 59999"))
            await until(lambda: app.view.matched == 6000)


async def test_figures_are_told_and_at_once_when_the_user_does_something() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(50))
        await until(lambda: app.changes)
        await pilot.pause()
        before = app.changes
        await pilot.press("k")
        assert app.changes == before + 1
        await pilot.press("j")
        assert app.changes == before + 1


async def test_a_view_that_is_gone_no_longer_listens() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)):
        ring.append(line("seen"))
        await until(lambda: rows(app)[0])
        await app.view.remove()
        ring.append(line("unseen"))
        assert not ring._listeners
