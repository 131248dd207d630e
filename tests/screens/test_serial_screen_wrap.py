"""Long lines are wrapped by themselves where the terminal is narrow."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from opsterm.screens.serial import SerialScreen
from tests.cable import Cable
from tests.screens.frame_app import program, says
from tests.waiting import until


@pytest.mark.parametrize(("width", "other"), [(120, 80), (80, 120)])
async def test_lines_wrap_where_the_terminal_is_narrow_until_the_user_says_otherwise(
    tmp_path: Path, width: int, other: int
) -> None:
    with Cable(tmp_path) as cable:
        app = program(tmp_path / "state", port=cable.a, front="serial")
        async with app.run_test(size=(width, 24)) as pilot:
            await until(lambda: says(app, "● open"), "the port opens")
            screen = app.screen
            assert isinstance(screen, SerialScreen)
            assert screen.lines.wrap is (width == 80)
            await pilot.press("tab", "w")
            await until(lambda: screen.lines.wrap is (width == 120), "the user's choice")
            await resized(pilot, width - 10)
            assert screen.lines.wrap is (width == 120)
            await resized(pilot, other)
            assert screen.lines.wrap is (other == 80)


async def resized(pilot: Pilot[None], width: int) -> None:
    await pilot.resize_terminal(width, 24)
    await until(lambda: pilot.app.screen.size.width == width, "the other width")
    await pilot.pause()
