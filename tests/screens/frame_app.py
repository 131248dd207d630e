"""The whole program in a test: the Serial tab as it is, and two small tabs beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.pilot import Pilot

from opsterm.screens.frame import TabScreen
from opsterm.screens.opening import Opening, Preferences
from opsterm.screens.pane import PaneScreen
from opsterm.screens.serial import SerialScreen
from opsterm.screens.tabs import Tab
from opsterm.services.lines import Line, Ring
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import Service, State
from opsterm.tui.app import OpsTerm
from opsterm.tui.config import Config
from opsterm.tui.memory import Memory
from opsterm.widgets.line_view import LineView
from tests.waiting import turns, until


class TestService(Service):
    """Does nothing; a test tells it what to become."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.ring = Ring()
        self.retries = 0

    async def start(self) -> None:
        """Nothing begins."""

    async def stop(self) -> None:
        """Nothing ends."""

    def retry(self) -> None:
        self.retries += 1

    def become(self, state: State, reason: str = "", hint: str = "", retry_at: float | None = None) -> None:
        """Have this status from now on."""
        self._become(state, reason, hint, retry_at)


class LinesScreen(PaneScreen):
    """A tab that is nothing but the frame around a line pane."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.lines = LineView(classes="main--body")

    @property
    def pane(self) -> LineView:
        return self.lines

    @property
    def service(self) -> TestService:
        assert isinstance(self.tab.service, TestService)
        return self.tab.service

    def compose_main(self) -> ComposeResult:
        yield self.lines

    def on_mount(self) -> None:
        self.lines.show(self.service.ring)
        self.lines.focus()


def program(
    folder: Path,
    *,
    port: str = "",
    front: str = "lines",
    config: Config | None = None,
    screen: Callable[[Tab], TabScreen] = LinesScreen,
    preferences: Preferences | None = None,
) -> OpsTerm:
    """The program with the tabs `lines`, `serial` and `other`, and its memory in `folder`."""
    opening = Opening(Settings(port, 9600)) if port else None
    tabs = [
        Tab("lines", "Lines", "f1", TestService),
        Tab("serial", "Serial", "f2", SerialService),
        Tab("other", "Other", "f3", TestService),
    ]
    screens: dict[str, Callable[[Tab], TabScreen]] = {
        "lines": screen,
        "serial": lambda tab: SerialScreen(tab, opening, preferences),
        "other": LinesScreen,
    }
    return OpsTerm(tabs, screens, config or Config(), Memory(folder), front=front)


def shown(app: OpsTerm) -> list[str]:
    """The screen as text, row by row."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


def says(app: OpsTerm, text: str) -> bool:
    """Whether `text` is on the screen."""
    return any(text in row for row in shown(app))


def front(app: OpsTerm) -> TabScreen:
    """The tab in front."""
    screen = next(each for each in reversed(app.screen_stack) if isinstance(each, TabScreen))
    assert isinstance(screen, TabScreen)
    return screen


def said(app: OpsTerm) -> Sequence[str]:
    """Everything that was said in passing."""
    return [line.text for line in app.messages.since(0)]


async def choose(app: OpsTerm, pilot: Pilot[None], label: str) -> None:
    """Go to the row of that name in a list of settings."""
    await until(lambda: says(app, label), "the panel")
    for _ in range(40):
        if says(app, f"▌ {label}"):
            return
        await pilot.press("up")
    raise AssertionError(f"no row {label!r}")


def put(app: OpsTerm, lines: Sequence[Line]) -> None:
    """Let the tab in front receive lines."""
    screen = front(app)
    assert isinstance(screen, LinesScreen)
    screen.service.ring.extend(lines)


async def settle(times: int = 5) -> None:
    """Give the loop a few turns, for what must not happen."""
    for _ in range(times):
        await turns()
