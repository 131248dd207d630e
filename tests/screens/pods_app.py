"""The program with the Pods tab in front, on a kubeconfig of the test's choice, and a second tab beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from opsterm.screens.pods import LogRequest, PodsScreen
from opsterm.screens.tabs import Tab
from opsterm.services.kube.service import PodService
from opsterm.tui.app import OpsTerm
from opsterm.tui.config import Config
from opsterm.tui.memory import Memory
from tests.screens.frame_app import LinesScreen, TestService, says
from tests.waiting import until


class Pods:
    """The tab as a test drives it."""

    def __init__(self, app: OpsTerm, pilot: Pilot[None], service: PodService) -> None:
        self.app = app
        self.pilot = pilot
        self.service = service

    @property
    def screen(self) -> PodsScreen:
        """The tab itself."""
        screen = next(each for each in self.app.screen_stack if isinstance(each, PodsScreen))
        assert isinstance(screen, PodsScreen)
        return screen

    @property
    def names(self) -> list[str]:
        """The names of the pods in the table, as they are shown."""
        table = self.screen.table
        at = next(index for index, column in enumerate(table.columns) if column.key == "name")
        rows = [table.row(key) for key in table.shown_keys]
        return [row.texts()[at] for row in rows if row]

    async def press(self, *keys: str) -> None:
        """Press keys, each answered before the next."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text into the prompt that is open."""
        await self.pilot.press(*({" ": "space"}.get(key, key) for key in text))

    async def shows(self, text: str, seconds: float = 10.0) -> None:
        """Wait until `text` is on the screen."""
        await until(lambda: says(self.app, text), f"{text!r} on the screen", seconds)

    async def hides(self, text: str) -> None:
        """Wait until `text` is not on the screen."""
        await until(lambda: not says(self.app, text), f"{text!r} gone from the screen")


@asynccontextmanager
async def pods(
    state: Path, *files: Path, size: tuple[int, int] = (120, 30), opening: LogRequest | None = None
) -> AsyncIterator[Pods]:
    """The program on the kubeconfig `files`, with its memory in `state`."""
    service = PodService(files=list(files))
    tabs = [Tab("pods", "Pods", "f1", lambda: service), Tab("other", "Other", "f2", TestService)]
    screens = {"pods": lambda tab: PodsScreen(tab, opening), "other": LinesScreen}
    app = OpsTerm(tabs, screens, Config(), Memory(state), front="pods")
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(lambda: any(isinstance(each, PodsScreen) for each in app.screen_stack), "the tab opens")
        yield Pods(app, pilot, service)
