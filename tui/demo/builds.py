"""A recorded comparison in the place of an engine: the Builds tab of the demo.

The service is the real one; only its engine plays back what a real engine said once. `builds.json` was written by
`python -m tests.record_builds`.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from importlib import resources
from pathlib import Path

import msgspec

from opsterm.services.docker.cleanup import Leftovers
from opsterm.services.docker.errors import BuildError
from opsterm.services.docker.events import Built, Job, Kind, Step, StepDone, StepLog, StepStarted, Told
from opsterm.services.docker.results import PHASES, Measure, Result
from opsterm.services.docker.service import BuildService
from opsterm.services.lines import Line
from opsterm.services.text import clean

SPEED = 2.0
"""How many times faster than recorded a build is played; the figures are the recorded ones."""


class RecordedStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step, and what became of it."""

    kind: Kind
    name: str
    seconds: float
    label: str = ""
    line: int = 0
    cached: bool = False


class Moment(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happened `at` seconds after the build began: a step (by its index) started, printed or ended."""

    at: float
    step: int
    lines: tuple[str, ...] = ()
    done: bool = False


class RecordedBuild(msgspec.Struct, frozen=True):
    """One build."""

    seconds: float
    steps: tuple[RecordedStep, ...]
    moments: tuple[Moment, ...]


class RecordedVariant(msgspec.Struct, frozen=True):
    """A variant with its builds."""

    name: str
    size_bytes: int
    phases: dict[str, RecordedBuild]


class Recording(msgspec.Struct, frozen=True):
    """A comparison: when and with what it was made, the files that were built, by path, and all that happened."""

    recorded: str
    engine: str
    files: dict[str, str]
    variants: tuple[RecordedVariant, ...]


def load() -> Recording:
    """The recording that comes with opsterm."""
    raw = resources.files("opsterm.tui.demo").joinpath("builds.json").read_bytes()
    return msgspec.json.decode(raw, type=Recording)


class Player:
    """Stands where an engine does, and builds what was recorded."""

    def __init__(self, recording: Recording, speed: float = SPEED) -> None:
        self.name = f"recorded {recording.engine}"
        self.note = f"Recorded on {recording.recorded}: nothing is built here, the figures are those of then."
        self._variants = {one.name: one for one in recording.variants}
        self._speed = speed

    async def build(self, job: Job, told: Told) -> Built:
        """Play a build. Raises BuildError for one that was not recorded."""
        variant = self._variants.get(job.variant)
        build = variant.phases.get(job.phase) if variant else None
        if build is None:
            raise BuildError(f"{job.variant} was not recorded.", "opsterm build builds for real.")
        began = time.monotonic()
        steps = _steps(build)
        for moment in build.moments:
            await asyncio.sleep(began + moment.at / self._speed - time.monotonic())
            done = steps[moment.step]
            if moment.lines:
                told(StepLog(done.step, _lines(f"{job.variant}/{done.step.label}", moment.lines)))
            else:
                told(done if moment.done else StepStarted(done.step))
        return Built(job.variant, build.seconds)

    async def size(self, image: str) -> int:
        """The recorded size in bytes."""
        return self._variants[image].size_bytes

    async def tags(self) -> list[str]:
        """None: there are no images."""
        return []

    async def leftovers(self, label: str) -> Leftovers | None:  # noqa: ARG002  part of what a connection has
        """None: nothing is made."""
        return None

    async def ping(self) -> None:
        """It is always there."""

    async def close(self) -> None:
        """Nothing to end."""


class RecordedBuilds(BuildService):
    """The service of the demo: opens the recorded folder with the recorded results, and plays them on `run`."""

    def __init__(self, recording: Recording | None = None, speed: float = SPEED) -> None:
        self._recording = recording or load()
        self._player = Player(self._recording, speed)
        self._unpacked: Path | None = None
        super().__init__(connect=self._connected)

    async def start(self) -> None:
        """Unpack the recorded folder and show it."""
        if self._unpacked is None:
            self._unpacked = await asyncio.to_thread(unpack, self._recording)
            await self.open(self._unpacked / "flask-app")
            self._results.update((one.name, _result(one)) for one in self._recording.variants)
        await super().start()

    async def stop(self) -> None:
        """End what is played and remove the folder."""
        await super().stop()
        unpacked, self._unpacked = self._unpacked, None
        if unpacked:
            await asyncio.to_thread(shutil.rmtree, unpacked, ignore_errors=True)

    async def _connected(self) -> Player:
        return self._player


def unpack(recording: Recording) -> Path:
    """Write the recorded files to a new temporary folder, in it to `flask-app`, and return the folder."""
    root = Path(tempfile.mkdtemp(prefix="opsterm-demo-"))
    for name, content in recording.files.items():
        path = root / "flask-app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


def _result(variant: RecordedVariant) -> Result:
    measures = {phase: Measure((one.seconds,), _steps(one)) for phase in PHASES if (one := variant.phases.get(phase))}
    return Result(variant.name, variant.name, variant.size_bytes, measures)


def _steps(build: RecordedBuild) -> tuple[StepDone, ...]:
    return tuple(
        StepDone(Step(str(index), one.kind, one.name, one.label, one.line), one.cached, one.seconds)
        for index, one in enumerate(build.steps)
    )


def _lines(source: str, texts: tuple[str, ...]) -> tuple[Line, ...]:
    now = time.time_ns()
    return tuple(Line(text.encode(), clean(text), now, now, source) for text in texts)
