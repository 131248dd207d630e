"""Measuring variants against each other: each built cold, again unchanged, and after one source file changed.

One build at a time: two at once would share the machine, and BuildKit would do steps that they have in common once.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from opsterm.services.docker.cleanup import Leftovers
from opsterm.services.docker.context import Context, stage
from opsterm.services.docker.engine import Connection
from opsterm.services.docker.errors import BaseMissingError, BuildError, ContextError, EngineError
from opsterm.services.docker.events import Built, Event, Job, StepDone, StepStarted
from opsterm.services.docker.failures import similar
from opsterm.services.docker.results import PHASES, Measure, Phase, Result
from opsterm.services.docker.touch import Touch, choose
from opsterm.services.docker.variants import Variant, ignore_file

LABEL = "opsterm.run"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a comparison is: builds done of all, and what runs. `began` is seconds of `time.monotonic()`."""

    done: int
    total: int
    variant: str = ""
    phase: Phase | None = None
    step: str = ""
    began: float = 0.0


Changed = Callable[[], None]
Heard = Callable[[Event], None]


class Comparison:
    """One run over some variants of a folder.

    `changed` is called whenever `progress` or `results` did, `heard` for each event of the running build.
    """

    def __init__(
        self,
        connection: Connection,
        folder: Path,
        variants: Iterable[Variant],
        *,
        changed: Changed,
        heard: Heard,
        reps: int = 1,
    ) -> None:
        self.results: dict[str, Result] = {}
        self.unclean = ""
        """Why not all that the run made could be removed."""
        self._connection = connection
        self._folder = folder
        self._variants = tuple(variants)
        self._changed = changed
        self._heard = heard
        self._reps = reps
        self._run = uuid.uuid4().hex[:12]
        self._contexts: dict[Path, Context] = {}
        self._leftovers: Leftovers | None = None
        self._steps: dict[str, StepDone | None] = {}
        self.progress = Progress(0, len(self._variants) * len(PHASES) * reps, began=time.monotonic())

    @property
    def skipped(self) -> tuple[str, ...]:
        """Files that could not be copied, and that no build got: unreadable ones, sockets, devices."""
        return tuple(sorted({name for context in self._contexts.values() for name in context.skipped}))

    async def run(self) -> None:
        """Measure all variants. One that fails leaves its error in its result; raises EngineError when the engine
        fails, and ContextError when there is no place for a copy. However it ends, also when cancelled, what it made
        is removed.
        """
        try:
            work = Path(tempfile.mkdtemp(prefix="opsterm-build-"))
        except OSError as error:
            raise _no_place(error) from error
        try:
            self._leftovers = await self._connection.leftovers(f"{LABEL}={self._run}")
            for rep in range(self._reps):
                # Back and forth, so that a machine that gets slower or faster does not favour the first.
                for variant in self._variants if rep % 2 == 0 else reversed(self._variants):
                    await self._one(variant, work)
        finally:
            await asyncio.shield(asyncio.ensure_future(self._clean(work)))

    async def _one(self, variant: Variant, work: Path) -> None:
        result = self.results.get(variant.name) or Result(variant.name, variant.path.name)
        self._keep(result)
        if result.error:
            return
        try:
            await self._phases(variant, work)
        except (BuildError, ContextError) as error:
            await self._fail(variant, error)
        except OSError as error:
            await self._fail(variant, _no_place(error))
        finally:
            self._show(step="", phase=None)

    async def _phases(self, variant: Variant, work: Path) -> None:
        if variant.parsed is None:
            raise variant.error or BuildError(f"{variant.name} cannot be read.")
        ignore = ignore_file(variant.path)
        context = self._contexts.get(ignore)
        if context is None:
            self._show(variant=variant.name, step="copying the context")
            context = await stage(self._folder, ignore, work / f"context-{len(self._contexts)}")
            self._contexts[ignore] = context
        chosen = choose(variant.parsed, context.files)
        touch = Touch(context.root / chosen) if chosen else None
        try:
            for phase in PHASES:
                if phase == "touched":
                    if touch is None:
                        raise ContextError(
                            "Nothing to change: the Dockerfile copies no source file.",
                            "Only cold and warm are measured.",
                        )
                    touch.apply()
                await self._build(variant, phase, context, work)
        finally:
            if touch:
                touch.restore()

    async def _build(self, variant: Variant, phase: Phase, context: Context, work: Path) -> None:
        assert variant.parsed is not None
        labels = ((LABEL, self._run),)
        job = Job(variant.name, phase, variant.parsed, context, work, phase == "cold", labels)
        job.dockerfile.write_bytes(variant.source.encode("utf-8", "surrogateescape"))
        self._steps = {}
        self._show(variant=variant.name, phase=phase, step="", began=time.monotonic())
        built = await self._connection.build(job, self._event)
        await self._measured(variant.name, phase, built)

    async def _measured(self, name: str, phase: Phase, built: Built) -> None:
        result = self.results[name]
        before = result.measures.get(phase)
        seconds = (*(before.seconds if before else ()), built.seconds)
        measures = {**result.measures, phase: Measure(seconds, tuple(filter(None, self._steps.values())))}
        size = result.size if result.size is not None else await self._connection.size(built.image)
        self._keep(replace(result, size=size, measures=MappingProxyType(measures)))
        self._show(done=self.progress.done + 1)

    async def _fail(self, variant: Variant, error: BuildError | ContextError) -> None:
        if isinstance(error, BaseMissingError):
            local = similar(error.image, await self._connection.tags())
            error = error.with_similar(local)
        self._keep(replace(self.results[variant.name], error=error))

    def _event(self, event: Event) -> None:
        if self._leftovers:
            self._leftovers.note(event)
        if isinstance(event, StepStarted):
            self._steps.setdefault(event.step.key)
            self._show(step=event.step.name)
        elif isinstance(event, StepDone):
            self._steps[event.step.key] = event
        self._heard(event)

    def _keep(self, result: Result) -> None:
        self.results[result.name] = result
        self._changed()

    def _show(self, **new: Any) -> None:
        self.progress = replace(self.progress, **new)
        self._changed()

    async def _clean(self, work: Path) -> None:
        try:
            if self._leftovers:
                await self._leftovers.remove_images()
                await self._leftovers.remove_cache()
        except EngineError as error:
            self.unclean = error.reason
        finally:
            await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)


def _no_place(error: OSError) -> ContextError:
    why = error.strerror or str(error)
    return ContextError(f"No place for a copy of the context: {why}.", "TMPDIR can name another folder.")
