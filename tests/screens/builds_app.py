"""The program with the Builds tab in front, on an engine that a test holds in its hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from textual.pilot import Pilot

from opsterm.screens.builds import BuildsScreen
from opsterm.screens.tabs import Tab
from opsterm.services.docker.engine import Connect
from opsterm.services.docker.errors import BaseMissingError, EngineError, StepFailedError
from opsterm.services.docker.events import Built, Job, Kind, Step, StepDone, StepLog, StepStarted, Told
from opsterm.services.docker.service import BuildService
from opsterm.services.lines import Line
from opsterm.tui.app import OpsTerm
from opsterm.tui.config import Config
from opsterm.tui.memory import Memory
from tests.screens.frame_app import LinesScreen, TestService, shown
from tests.waiting import until

BASELINE = "FROM base:1\nWORKDIR /app\nCOPY . .\nRUN install\n"
DEPENDENCIES_FIRST = "FROM base:1\nWORKDIR /app\nCOPY requirements.txt .\nRUN install\nCOPY . .\n"
_SECONDS = {"cold": 5.0, "warm": 0.1, "touched": 4.0}


class Engine:
    """Builds nothing: tells the steps of a Dockerfile, each when `gate` is open.

    `RUN fail` fails and `RUN missing` has no base. A variant that copies all files last is ten times as fast.
    """

    name = "test engine 1"
    note = ""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.absent: EngineError | None = None
        """Why it cannot be reached."""
        self.lost: EngineError | None = None
        """Why the next build does not end."""

    async def connect(self) -> Engine:
        """This engine, unless it is absent."""
        await self.ping()
        return self

    async def build(self, job: Job, told: Told) -> Built:
        """Tell what a build of `job` would."""
        first, *instructions = job.parsed.instructions
        kept = next(index for index, each in enumerate(instructions) if each.args in (". .", "fail", "missing"))
        for index, each in enumerate(instructions):
            step = Step(str(index), Kind.STEP, f"{each.word} {each.args}", str(index + 2), each.line)
            told(StepStarted(step))
            await self.gate.wait()
            if self.lost:
                raise self.lost
            if each.args == "fail":
                raise StepFailedError(job.variant, each.line, "RUN fail", 9)
            if each.args == "missing":
                raise BaseMissingError(first.args, "its registry cannot be reached")
            cached = job.phase == "warm" or (job.phase == "touched" and index < kept)
            said = Line(b"", f"{job.phase} of {step.name}", 0, 0, f"{job.variant}/{step.label}")
            told(StepLog(step, (said,)))
            told(StepDone(step, cached, 0.0 if cached else 1.0))
        return Built(job.variant, _SECONDS[job.phase] / (10 if kept == len(instructions) - 1 else 1))

    async def size(self, image: str) -> int:
        """Bytes; the second variant is smaller."""
        return 224_600_000 if image.endswith("b") else 272_000_000

    async def tags(self) -> list[str]:
        """One image that could stand in for a missing one."""
        return ["base:2"]

    async def leftovers(self, label: str) -> None:
        """Nothing is made."""

    async def ping(self) -> None:
        """Raises what it is absent for."""
        if self.absent:
            raise self.absent

    async def close(self) -> None:
        """Nothing to end."""


class Builds:
    """The tab as a test drives it."""

    def __init__(self, app: OpsTerm, pilot: Pilot[None], service: BuildService) -> None:
        self.app = app
        self.pilot = pilot
        self.service = service

    @property
    def screen(self) -> BuildsScreen:
        """The tab itself."""
        screen = next(each for each in self.app.screen_stack if isinstance(each, BuildsScreen))
        assert isinstance(screen, BuildsScreen)
        return screen

    async def press(self, *keys: str) -> None:
        """Press keys, each answered before the next."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text into the prompt that is open."""
        await self.pilot.press(*({" ": "space"}.get(key, key) for key in text))

    async def shows(self, *patterns: str) -> None:
        """Wait until each of these regular expressions is found in a row of the screen."""
        for pattern in patterns:
            await until(partial(self.finds, pattern), f"{pattern!r} on the screen")

    async def hides(self, pattern: str) -> None:
        """Wait until no row of the screen matches."""
        await until(lambda: not self.finds(pattern), f"{pattern!r} gone from the screen")

    def finds(self, pattern: str) -> bool:
        """Whether a row of the screen matches."""
        return any(re.search(pattern, row) for row in shown(self.app))


@asynccontextmanager
async def builds(
    state: Path, folder: Path | None, connect: Connect, size: tuple[int, int] = (120, 30)
) -> AsyncIterator[Builds]:
    """The program with `folder` open, and its memory in `state`."""
    service = BuildService(connect=connect)
    tabs = [Tab("builds", "Builds", "f1", lambda: service), Tab("other", "Other", "f2", TestService)]
    screens = {"builds": lambda tab: BuildsScreen(tab, folder), "other": LinesScreen}
    app = OpsTerm(tabs, screens, Config(), Memory(state), front="builds")
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(lambda: any(isinstance(each, BuildsScreen) for each in app.screen_stack), "the tab opens")
        yield Builds(app, pilot, service)
