"""`make pictures`: the pictures of the README, taken of the demo."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from opsterm.tui.app import OpsTerm
from opsterm.tui.config import Config
from opsterm.tui.demo.program import Demo
from opsterm.tui.memory import Memory

FOLDER = Path(__file__).parent / "pictures"
SIZE = (110, 26)


async def until(check: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for a state of the program."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError("the demo did not get there")
        await asyncio.sleep(0.05)


def shows(app: OpsTerm, text: str) -> bool:
    """Whether the screen holds `text` now."""
    return text in app.export_screenshot().replace("&#160;", " ")


async def serial(pilot: Pilot[None], app: OpsTerm) -> None:
    """A talk with the phone."""
    await until(lambda: shows(app, "ping from android"))
    for line in ("AT+GMR", "AT+NAME?", "test message", "login"):
        await pilot.press(*line, "enter")
        await pilot.pause(0.3)
    await until(lambda: shows(app, "login:"))
    await pilot.press(*"AT+T")


async def pods(pilot: Pilot[None], app: OpsTerm) -> None:
    """The pods of the shop."""
    await pilot.press("f2")
    await until(lambda: shows(app, "CrashLoopBackOff"))
    await pilot.press("down", "down", "down", "space")


async def logs(pilot: Pilot[None], app: OpsTerm) -> None:
    """Logs by label."""
    await pilot.press("L", "enter")
    await until(lambda: shows(app, "ms") and app.screen.pane.total > 30)  # type: ignore[attr-defined]


async def builds(pilot: Pilot[None], app: OpsTerm) -> None:
    """The recorded comparison, and one build played."""
    await pilot.press("escape", "f3")
    await until(lambda: shows(app, "baseline"))
    await pilot.press("down", "r")
    await until(lambda: app.screen.service.running)  # type: ignore[attr-defined]
    await until(lambda: not app.screen.service.running, 60)  # type: ignore[attr-defined]
    await pilot.pause(0.6)


async def traces(pilot: Pilot[None], app: OpsTerm) -> None:
    """One transaction as a waterfall, with what is wrong in it."""
    await pilot.press("escape", "f4")
    await until(lambda: shows(app, "GET /cart"))
    await pilot.press("slash", *"cart", "enter", "enter")
    await until(lambda: shows(app, "FINDINGS"))
    await pilot.press("enter")
    await until(lambda: shows(app, "http.server"))


async def take() -> None:
    """Take all of them."""
    FOLDER.mkdir(exist_ok=True)
    options = Namespace(command="demo", read_only=False, context=None, namespace=None)
    with tempfile.TemporaryDirectory() as folder, Demo() as demo:
        parts = demo.parts(options)
        app = OpsTerm(parts.tabs(), parts.screens(), Config(), Memory(Path(folder)), front="serial", demo=True)
        async with app.run_test(size=SIZE) as pilot:
            for scene in (serial, pods, logs, builds, traces):
                await scene(pilot, app)
                await pilot.pause(0.6)
                (FOLDER / f"{scene.__name__}.svg").write_text(app.export_screenshot(title="opsterm"))


if __name__ == "__main__":
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    asyncio.run(take())
