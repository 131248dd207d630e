"""Records a comparison for the demo.

python -m tests.record_builds examples/flask-app tui/demo/builds.json Dockerfile Dockerfile.4-slim
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from opsterm.services.docker.connection import EngineConnection, connect
from opsterm.services.docker.events import Built, Event, Job, StepDone, StepLog, Told
from opsterm.services.docker.service import BuildService
from opsterm.services.service import State
from opsterm.tui.demo.builds import Moment, RecordedBuild, RecordedStep, RecordedVariant, Recording
from tests.waiting import until


class Recorder:
    """A connection that keeps what it passes on."""

    def __init__(self, inner: EngineConnection) -> None:
        self.inner = inner
        self.name, self.note = inner.name, inner.note
        self.size, self.tags, self.leftovers = inner.size, inner.tags, inner.leftovers
        self.ping, self.close = inner.ping, inner.close
        self.builds: dict[tuple[str, str], RecordedBuild] = {}

    async def build(self, job: Job, told: Told) -> Built:
        heard: list[tuple[float, Event]] = []
        began = time.monotonic()

        def both(event: Event) -> None:
            heard.append((time.monotonic() - began, event))
            told(event)

        built = await self.inner.build(job, both)
        self.builds[job.variant, job.phase] = recorded(built, heard)
        return built


def recorded(built: Built, heard: list[tuple[float, Event]]) -> RecordedBuild:
    """A build as it is kept. Lines with addresses are left out: they belong to where it was recorded."""
    keys = list(dict.fromkeys(event.step.key for _, event in heard))
    last = {event.step.key: event for _, event in heard if isinstance(event, StepDone)}
    moments = []
    for at, event in heard:
        lines: tuple[str, ...] = ()
        if isinstance(event, StepLog):
            lines = tuple(line.text.rstrip() for line in event.lines if "://" not in line.text)
        if lines or not isinstance(event, StepLog):
            moments.append(Moment(round(at, 3), keys.index(event.step.key), lines, isinstance(event, StepDone)))
    steps = [
        RecordedStep(one.step.kind, one.step.name, round(one.seconds, 3), one.step.label, one.step.line, one.cached)
        for one in (last[key] for key in keys)
    ]
    return RecordedBuild(round(built.seconds, 3), tuple(steps), tuple(moments))


async def record(folder: Path, names: list[str]) -> Recording:
    recorder = Recorder(await connect())

    async def connected() -> Recorder:
        return recorder

    service = BuildService(connect=connected)
    await service.open(folder)
    await service.start()
    await until(lambda: service.status.state is State.LIVE)
    service.run(names or None)
    await service.wait()
    variants = []
    for result in service.results.values():
        assert result.size is not None, result.error
        phases = {str(phase): recorder.builds[result.name, phase] for phase in result.measures}
        variants.append(RecordedVariant(result.name, result.size, phases))
    await service.stop()
    chosen = {one.name for one in variants}
    others = {one.name for one in service.variants} - chosen
    files = {
        path.name: path.read_text() for path in sorted(folder.iterdir()) if path.is_file() and path.name not in others
    }
    return Recording(f"{datetime.now(UTC):%Y-%m-%d}", recorder.name, files, tuple(variants))


if __name__ == "__main__":
    recording = asyncio.run(record(Path(sys.argv[1]), sys.argv[3:]))
    Path(sys.argv[2]).write_bytes(msgspec.json.encode(recording) + b"\n")
