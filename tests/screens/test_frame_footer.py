"""The keys at the bottom and in the help: the most used first, none that could not act, all readable when narrow."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsterm.screens.serial import SerialScreen
from opsterm.tui.app import OpsTerm
from tests.cable import Cable
from tests.screens.frame_app import program, shown
from tests.waiting import until


def footer(app: OpsTerm) -> list[str]:
    """The keys in the last row, each with its word."""
    rows = shown(app) or [""]
    return rows[-1].strip().split("   ")


TYPING = ["enter send", "ctrl+b settings", "ctrl+o ports", "tab to lines", "ctrl+t time"]
READING = ["enter zoom", "/ filter", "\\ find", "t time", "w wrap", "ctrl+b settings", "ctrl+o ports"]


@pytest.mark.parametrize(("width", "typing", "reading"), [(120, 5, 7), (80, 4, 5), (40, 1, 2)])
async def test_the_serial_tab_shows_the_most_used_keys_first(
    tmp_path: Path, width: int, typing: int, reading: int
) -> None:
    with Cable(tmp_path) as cable:
        app = program(tmp_path / "state", port=cable.a, front="serial")
        async with app.run_test(size=(width, 20)) as pilot:
            await until(lambda: footer(app) == [*TYPING[:typing], "ctrl+p palette"], "keys while typing")
            screen = app.screen
            assert isinstance(screen, SerialScreen)
            await pilot.press("tab")
            await until(lambda: screen.lines.has_focus, "the lines")
            await until(lambda: footer(app) == [*READING[:reading], "? help"], "keys while reading")


async def test_a_panel_shows_its_own_keys_first(tmp_path: Path) -> None:
    with Cable(tmp_path) as cable:
        app = program(tmp_path / "state", port=cable.a, front="serial")
        async with app.run_test(size=(80, 20)) as pilot:
            await until(lambda: "ctrl+b settings" in footer(app), "the footer")
            await pilot.press("ctrl+b")
            await until(lambda: footer(app)[0] == "← change", "keys of the panel")


async def test_the_history_is_offered_when_there_is_one(tmp_path: Path) -> None:
    with Cable(tmp_path) as cable:
        app = program(tmp_path / "state", port=cable.a, front="serial")
        async with app.run_test(size=(120, 20)) as pilot:
            await until(lambda: "enter send" in footer(app), "the footer")
            assert "ctrl+r history" not in footer(app)
            await pilot.press("A", "T", "enter")
            await until(lambda: "ctrl+r history" in footer(app), "the history's key")
            await pilot.press("A", "ctrl+r")
            screen = app.screen
            assert isinstance(screen, SerialScreen)
            assert screen.tx.input.value == "AT"


@pytest.mark.parametrize("width", [120, 60, 40])
async def test_words_of_the_help_stay_beside_their_keys(tmp_path: Path, width: int) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(width, 60)) as pilot:
        await until(lambda: "? help" in footer(app), "the first tab")
        await pilot.press("question_mark")
        rows = await until(lambda: [row for row in shown(app) if "Help: " in row] and shown(app), "the help")
        left = next(row.index("Help: ") for row in rows if "Help: " in row)
        below = [row[left:].rstrip(" ▁▂▃▄▅▆▇█") for row in rows[4:-3]]
        assert any("Wrap long lines" in row for row in below)
        assert all(not row or row[15:17] == "  " for row in below if "act here now" not in row)
