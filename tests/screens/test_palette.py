"""The palette: every action of the tab below it, with its key, and it runs what is chosen."""

from __future__ import annotations

from pathlib import Path

from textual.command import CommandPalette, DiscoveryHit
from textual.pilot import Pilot

from opsterm.tui.app import OpsTerm
from opsterm.tui.palette import Actions
from opsterm.widgets.key_bar import key_name
from tests.screens.frame_app import LinesScreen, front, program, put, says
from tests.screens.line_pane import lines
from tests.waiting import until


async def opened(app: OpsTerm, pilot: Pilot[None]) -> LinesScreen:
    """The tab below the palette, with some lines."""
    await until(lambda: isinstance(app.screen, LinesScreen), "the first tab")
    put(app, lines(3))
    screen = front(app)
    assert isinstance(screen, LinesScreen)
    await until(lambda: screen.lines.has_focus and says(app, "line 2"), "its lines")
    await pilot.press("ctrl+p")
    await until(lambda: isinstance(app.screen, CommandPalette), "the palette")
    return screen


async def test_every_action_is_there_with_its_key(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(app, pilot)
        hits = [hit async for hit in Actions(screen, None).discover()]
        titles = {hit.text or "": str(hit.display) for hit in hits if isinstance(hit, DiscoveryHit)}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.id and active.enabled:
                key = next(
                    each.binding.key for each in screen.active_bindings.values() if each.binding.id == binding.id
                )
                assert any(
                    binding.tooltip in title and shown.endswith(key_name(key)) for title, shown in titles.items()
                )
        assert "Theme: textual-light" in titles


async def test_an_action_runs_on_the_tab_below(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(app, pilot)
        assert not screen.lines.wrap
        await pilot.press(*"wrap long")
        await until(lambda: says(app, "wrap: Wrap long lines under their own text   w"), "the action")
        await pilot.press("down", "enter")
        await until(lambda: screen.lines.wrap, "it runs")
        await until(lambda: app.screen is screen, "the palette is gone")


async def test_what_the_focus_had_can_be_run_too(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(app, pilot)
        await pilot.press(*"only matching", "escape")
        await pilot.press("ctrl+p", *"show matching lines only, live")
        await until(lambda: says(app, "Filter: Show matching lines only, live   /"), "the action")
        await pilot.press("down", "enter")
        await until(lambda: screen.prompt.kind == "filter", "the filter is asked for")


async def test_a_theme_can_be_chosen(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await opened(app, pilot)
        await pilot.press(*"theme: textual-light")
        await until(lambda: says(app, "Theme: textual-light"), "the theme")
        await pilot.press("down", "enter")
        await until(lambda: app.theme == "textual-light", "it is in force")


async def test_live_data_goes_on_below(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(app, pilot)
        screen.service.become(screen.service.status.state.LIVE)
        await until(lambda: "● open" in screen._rows["context"].render().plain, "the row below the palette")
