"""The frame around every tab: its rows, what gives way when room is short, tabs, help, and how the program ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from textual.pilot import Pilot

from opsterm.screens.confirm import ConfirmScreen
from opsterm.services.service import State
from opsterm.tui.app import OpsTerm, wants_ascii
from opsterm.tui.config import Config
from opsterm.widgets.help_panel import HelpPanel
from tests.screens.frame_app import LinesScreen, program, put, said, says, shown
from tests.screens.line_pane import lines
from tests.waiting import until


async def started(app: OpsTerm) -> LinesScreen:
    screen = await until(lambda: app.screen if isinstance(app.screen, LinesScreen) else None, "the first tab")
    await until(lambda: says(app, "○") and screen.lines.has_focus, "its rows")
    return screen


async def test_rows_at_full_width(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True):
        await started(app)
        rows = await until(lambda: shown(app) if "? help" in shown(app)[-1] else None, "the footer")
        assert rows[0].startswith(" F1 Lines ○   F2 Serial ○   F3 Other ○ ")
        assert rows[0].rstrip().endswith("? help")
        assert rows[1].startswith(" ○ off")
        assert rows[-2].rstrip().endswith("FOLLOW")


@pytest.mark.parametrize(("size", "most"), [((120, 40), 8), ((80, 24), 6), ((40, 20), 3)])
async def test_the_footer_has_few_keys_and_help_last(tmp_path: Path, size: tuple[int, int], most: int) -> None:
    app = program(tmp_path)
    async with app.run_test(size=size, notifications=True):
        await started(app)
        put(app, lines(3))
        row = await until(lambda: shown(app)[-1].rstrip() if "? help" in shown(app)[-1] else "", "the footer")
        keys = row.strip().split("   ")
        assert 2 <= len(keys) <= most
        assert keys[-1] == "? help"


async def test_tabs_shrink_with_the_terminal(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await started(app)
        await pilot.resize_terminal(80, 24)
        await until(lambda: shown(app)[0].startswith(" Lines○   Serial○   Other○"), "words and glyphs")
        await pilot.resize_terminal(40, 20)
        await until(lambda: shown(app)[0].startswith(" 1○ 2○ 3○"), "numbers and glyphs")


async def test_few_rows_join_the_state_to_the_tabs_and_drop_the_footer(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 12), notifications=True):
        screen = await started(app)
        screen.service.become(State.LIVE)
        row = await until(lambda: shown(app)[0] if "● open" in shown(app)[0] else "", "the state in row 1")
        assert row.startswith(" Lines●")
        await until(lambda: "FOLLOW" in shown(app)[-1], "no footer")


async def test_too_small_says_so_and_comes_back(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await started(app)
        await pilot.resize_terminal(36, 7)
        await until(lambda: says(app, "opsterm needs 40×8 (now 36×7)"), "what it needs")
        assert not says(app, "Serial")
        await pilot.resize_terminal(40, 8)
        await until(lambda: says(app, "1○ 2○ 3○"), "the frame again")
        assert not says(app, "opsterm needs")


@pytest.mark.parametrize(("key", "name"), [("f2", "serial"), ("f3", "other"), ("ctrl+pagedown", "serial")])
async def test_tabs_by_key_also_while_typing(tmp_path: Path, key: str, name: str) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await started(app)
        await pilot.press("slash", *"web")
        assert screen.prompt.input.has_focus
        await pilot.press(key)
        await until(lambda: app.current_mode == name, name)
        await pilot.press("f1")
        await until(lambda: app.screen is screen, "back")
        assert screen.prompt.input.value == "web"


async def test_tabs_by_click(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await started(app)
        column = shown(app)[0].index("Other")
        await pilot.click(offset=(column + 1, 0))
        await until(lambda: app.current_mode == "other", "the tab")
        assert app.memory["tab"] == "other"


async def test_ctrl_pageup_changes_the_tab_from_the_help_too(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await started(app)
        await pilot.press("question_mark")
        await until(lambda: isinstance(screen.focused, HelpPanel), "the help has the focus")
        await pilot.press("ctrl+pageup")
        await until(lambda: app.current_mode == "other", "the tab at the left")


@pytest.mark.parametrize("closing", ["question_mark", "escape"])
@pytest.mark.parametrize("width", [120, 80])
async def test_help_shows_the_keys_of_what_had_the_focus_and_closes(tmp_path: Path, width: int, closing: str) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(width, 40), notifications=True) as pilot:
        screen = await started(app)
        put(app, lines(3))
        await pilot.press("question_mark")
        await until(lambda: says(app, "Wrap long lines under their own"), "keys of the line pane")
        assert says(app, "Rx <==") is (width == 120)
        await pilot.press(closing)
        await until(lambda: not says(app, "Help: Lines"), "closed")
        await until(lambda: screen.lines.has_focus, "the focus is back")


async def test_help_follows_the_focus(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 50), notifications=True) as pilot:
        await started(app)
        await pilot.press("question_mark")
        await until(lambda: says(app, "Wrap long lines"), "keys of the pane")
        await pilot.press("slash")
        await until(lambda: says(app, "The line sent before"), "keys of the input")
        assert not says(app, "Wrap long lines")


async def test_own_keys_show_in_footer_and_help(tmp_path: Path) -> None:
    app = program(tmp_path, config=Config(keys={"line.wrap": "W"}))
    async with app.run_test(size=(120, 50), notifications=True) as pilot:
        await started(app)
        await until(lambda: "W wrap" in shown(app)[-1], "the footer")
        await pilot.press("question_mark")
        await until(lambda: any("W  Wrap long lines" in row for row in shown(app)), "the help")


async def test_q_at_the_root_says_how_to_quit(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await started(app)
        await pilot.press("q")
        await until(lambda: says(app, "ctrl+q quits."), "the toast")
        assert app.return_code is None


async def test_escape_ends_one_thing_after_another(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        screen = await started(app)
        put(app, lines(20))
        await pilot.press("slash", *"line", "enter", "backslash", *"line 1", "enter", "question_mark", "colon")
        assert screen.prompt.kind == "command"
        await pilot.press("escape")
        assert not screen.prompt.kind
        assert says(app, "Help: Lines")
        await pilot.press("escape")
        await until(lambda: not says(app, "Help: Lines"), "the help closes")
        assert screen.sought
        await pilot.press("escape")
        assert not screen.sought
        assert screen.match
        await pilot.press("escape")
        assert not screen.match


async def test_a_lost_connection_has_a_band_with_its_hint_and_the_time_of_the_next_try(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        screen = await started(app)
        screen.service.become(State.LOST, "The other end is gone.", "Wait.", time.monotonic() + 8.4)
        await until(lambda: "↻ The other end is gone.   Wait." in shown(app)[2], "the band")
        assert "next try in 8 s   r now" in shown(app)[2]
        await pilot.press("r")
        assert screen.service.retries == 1
        await pilot.click(offset=(shown(app)[2].index("r now"), 2))
        assert screen.service.retries == 2
        screen.service.become(State.LIVE)
        await until(lambda: not says(app, "gone"), "no band")


async def test_a_narrow_band_takes_a_second_row(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(60, 24), notifications=True):
        screen = await started(app)
        reason = "The other end of this line went away, 1,204 lines kept."
        screen.service.become(State.LOST, reason, "Wait for it.", time.monotonic() + 8.4)
        await until(lambda: reason in shown(app)[2], "the cause")
        assert shown(app)[3].startswith("   Wait for it.")
        assert "r now" in shown(app)[3]


async def test_the_same_failure_is_shown_once_and_kept_always(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await started(app)
        for _ in range(3):
            app.toast("the same", bad=True)
        for number in range(5):
            app.toast(f"other {number}")
        await pilot.pause()
        await until(lambda: says(app, "other 4"), "the newest")
        assert len(app._notifications) == 3
        assert list(said(app)).count("the same") == 3


async def test_work_that_fails_in_the_background_is_said(tmp_path: Path) -> None:
    app = program(tmp_path)

    async def fail() -> None:
        raise ValueError("no such [/thing]")

    async with app.run_test(size=(80, 24), notifications=True):
        screen = await started(app)
        screen.run_worker(fail(), exit_on_error=False)
        await until(lambda: says(app, "ValueError: no such [/thing]"), "the toast")


async def test_an_unknown_theme_is_said(tmp_path: Path) -> None:
    app = program(tmp_path, config=Config(theme="solarised"))
    async with app.run_test(size=(80, 24), notifications=True):
        await started(app)
        await until(lambda: any('No theme "solarised"' in text for text in said(app)), "what is wrong")
        assert app.theme == "textual-dark"


async def test_a_theme_is_chosen_by_command_and_remembered(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await started(app)
        await pilot.press("colon", *"theme nosuch", "enter")
        await until(lambda: says(app, 'no theme "nosuch"'), "the refusal")
        assert screen.prompt.kind == "command"
        await pilot.press("ctrl+u", *"theme textual-light", "enter")
        await until(lambda: app.theme == "textual-light", "the theme")
        assert app.memory["theme"] == "textual-light"


async def test_commands_are_completed_and_an_unknown_one_proposes_the_nearest(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        screen = await started(app)
        await pilot.press("colon", *"me")
        await until(lambda: any(row.startswith(" ▌ messages") for row in shown(app)), "the best completion, last")
        await until(lambda: any(row.startswith("   theme") for row in shown(app)), "another above it")
        await pilot.press("tab")
        assert screen.prompt.input.value == "messages"
        await pilot.press("ctrl+u", *"massages", "enter")
        await until(lambda: says(app, '✖ no command "massages" · nearest: messages'), "the nearest")
        await pilot.press("ctrl+u", *"messages", "enter")
        await until(lambda: says(app, "Nothing was said yet."), "the messages")
        await pilot.press("escape")
        await until(lambda: screen.lines.has_focus, "the lines again")


async def test_a_hidden_tab_paints_nothing_but_its_glyph_changes(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await started(app)
        await pilot.press("f3")
        await until(lambda: app.current_mode == "other" and says(app, "Lines○"), "the other tab")
        painted: list[str] = []
        screen.figures = lambda: painted.append("figures") or ()  # type: ignore[method-assign,func-returns-value]
        screen.refresh_rows()
        screen.service.become(State.LIVE)
        await until(lambda: says(app, "Lines●"), "the glyph of the hidden tab")
        assert not painted


class BusyScreen(LinesScreen):
    """A tab in which something runs."""

    @property
    def busy(self) -> str:
        return "A comparison runs, 7 of 18 builds."


async def asked(app: OpsTerm, pilot: Pilot[None]) -> None:
    await until(lambda: isinstance(app.screen, BusyScreen), "the tab")
    await pilot.press("ctrl+q")
    await until(lambda: isinstance(app.screen, ConfirmScreen) and says(app, "7 of 18 builds"), "the question")


async def test_quitting_while_something_runs_asks_and_again_quits(tmp_path: Path) -> None:
    app = program(tmp_path, screen=BusyScreen)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await asked(app, pilot)
        await pilot.press("f2", "ctrl+pagedown")
        assert app.current_mode == "lines"
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, BusyScreen), "cancelled")
        assert not app._exit
        await pilot.press("ctrl+q")
        await until(lambda: isinstance(app.screen, ConfirmScreen), "the question")
        await pilot.press("ctrl+q")
        await until(lambda: app._exit, "the end")


async def test_jump_goes_to_a_tab_and_to_a_pane(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await started(app)
        await pilot.press("slash", "ctrl+g")
        await until(lambda: " a " in shown(app)[0], "letters")
        await pilot.press("escape")
        assert screen.prompt.input.has_focus
        await pilot.press("ctrl+g", "d")
        await until(lambda: app.current_mode == "other", "the third tab")


async def test_a_failure_that_nobody_waits_for_is_said(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True):
        await started(app)
        app._loop_failed(None, {"message": "x", "exception": OSError("pipe \x1b[2J burst")})  # type: ignore[arg-type]
        await until(lambda: says(app, "OSError: pipe  burst"), "the toast")


def test_ascii_where_it_is_asked_for_or_nothing_else_can_be_drawn() -> None:
    assert wants_ascii({"OPSTERM_ASCII": "1", "LANG": "en_US.UTF-8"})
    assert wants_ascii({"LC_ALL": "C", "LANG": "en_US.UTF-8"})
    assert wants_ascii({"LANG": "de_DE.ISO-8859-1"})
    assert not wants_ascii({"LC_CTYPE": "C.UTF-8", "LANG": "C"})
    assert not wants_ascii({})
