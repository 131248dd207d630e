"""The service behind the Builds tab: an engine, a folder, its variants, and the comparison that runs or has run."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from opsterm.services.docker.comparison import Comparison, Progress
from opsterm.services.docker.engine import Connect, Connection, real_engine
from opsterm.services.docker.errors import (
    BadEndpointError,
    DockerError,
    EngineError,
    FolderError,
    NotAllowedError,
)
from opsterm.services.docker.events import Event, StepDone, StepLog, StepStarted
from opsterm.services.docker.results import Result
from opsterm.services.docker.variants import Variant, find
from opsterm.services.lines import Ring
from opsterm.services.service import Service, State

PING = 5.0
"""Seconds between two looks whether the engine is still there."""
SLOWEST = 30.0
"""Longest pause between two tries to reach an engine, in seconds."""
LOG_LINES = 50_000
CANCEL = 2.0
"""Within so many seconds `cancel` comes back."""


class BuildService(Service):
    """Finds the Dockerfiles of a folder, builds and measures them. Listeners are told of every change of what is
    shown here; output goes to `log` only.
    """

    def __init__(self, reps: int = 1, connect: Connect = real_engine) -> None:
        super().__init__()
        self.reps = reps
        self.folder: Path | None = None
        self.variants: tuple[Variant, ...] = ()
        self.fault: FolderError | None = None
        """Why the folder has no variants."""
        self.log = Ring(max_lines=LOG_LINES)
        """What the builds print; the source of a line is `variant/step`."""
        self._steps: dict[str, StepStarted | StepDone] = {}
        self._building: tuple[str, str] = "", ""
        self.engine = ""
        """What builds, as `buildx 0.17, engine 27.1`."""
        self.failure: DockerError | None = None
        """Why the last comparison stopped before its end."""
        self._absent: EngineError | None = None
        self._connect = connect
        self._connection: Connection | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._run: asyncio.Task[None] | None = None
        self._comparison: Comparison | None = None
        self._results: dict[str, Result] = {}

    @property
    def results(self) -> Mapping[str, Result]:
        """What is measured, by the name of the variant; grows while a comparison runs."""
        return MappingProxyType(self._results)

    @property
    def steps(self) -> tuple[StepStarted | StepDone, ...]:
        """The steps of the running or last build in the order in which they began."""
        return tuple(self._steps.values())

    @property
    def running(self) -> bool:
        """Whether a comparison runs."""
        return self._run is not None and not self._run.done()

    @property
    def progress(self) -> Progress | None:
        """How far the running comparison is; None when none runs."""
        return self._comparison.progress if self._comparison and self.running else None

    @property
    def unclean(self) -> str:
        """Why the last comparison could not remove all that it made; empty when it did."""
        return self._comparison.unclean if self._comparison else ""

    @property
    def skipped(self) -> tuple[str, ...]:
        """Files that the last comparison could not copy, and that no build got: unreadable, sockets, devices."""
        return self._comparison.skipped if self._comparison else ()

    async def start(self) -> None:
        """Look for the engine and keep looking."""
        if self._keeper is None:
            self._become(State.STARTING)
            self._keeper = self._live_on(self._keep(), "builds")

    async def stop(self) -> None:
        """End what runs, remove what it made as far as a second goes, and leave the engine."""
        await self._end_run(1.0)
        keeper, self._keeper = self._keeper, None
        if keeper:
            keeper.cancel()
            await asyncio.wait([keeper])
        await self._leave()
        await self.wait()
        self._become(State.OFF)

    def retry(self) -> None:
        """Look for the engine now."""
        self._wake.set()

    async def open(self, folder: Path) -> None:
        """Show another folder; ends a comparison that runs. Raises FolderError, which is kept in `fault` too."""
        await self.cancel()
        self._comparison = None
        self.folder, self.variants, self.fault = folder, (), None
        self._results.clear()
        self._steps.clear()
        try:
            self.variants = await asyncio.to_thread(find, folder)
        except FolderError as error:
            self.fault = error
            raise
        finally:
            self._tell()

    def run(self, names: Iterable[str] | None = None) -> None:
        """Begin to measure the variants of these names, all where None. What was known of each stays until its
        turn comes.

        Raises EngineError while there is no engine, FolderError without a variant, and RuntimeError while a
        comparison runs.
        """
        if self.running:
            raise RuntimeError("a comparison runs")
        if self._connection is None or self.folder is None:
            raise self._absent or EngineError("The Docker engine has not answered yet.")
        wanted = None if names is None else set(names)
        chosen = [one for one in self.variants if wanted is None or one.name in wanted]
        if not chosen:
            raise self.fault or FolderError(f"No such variant: {', '.join(sorted(wanted or ()))}.")
        self._comparison = Comparison(
            self._connection, self.folder, chosen, changed=self._changed, heard=self._heard, reps=self.reps
        )
        self.failure = None
        self._run = asyncio.create_task(self._compare(self._comparison))
        self._tell()

    async def wait(self) -> None:
        """Return when no comparison runs and what it made is removed."""
        while self._run and not self._run.done():
            await asyncio.wait([self._run])

    async def cancel(self) -> None:
        """End the comparison within two seconds; what is measured stays. Removing images may go on after that."""
        await self._end_run(CANCEL)

    async def _end_run(self, seconds: float) -> None:
        if self._run and not self._run.done():
            if not self._run.cancelling():
                self._run.cancel()
            await asyncio.wait([self._run], timeout=seconds)

    async def _compare(self, comparison: Comparison) -> None:
        try:
            await comparison.run()
        except EngineError as error:
            self.failure = self._absent = error
            await self._leave()
            self._become(State.LOST, error.reason, error.hint)
            self._wake.set()
        except DockerError as error:
            self.failure = error
        finally:
            asyncio.get_running_loop().call_soon(self._tell)

    def _changed(self) -> None:
        if self._comparison:
            self._results.update(self._comparison.results)
            now = self._comparison.progress
            if now.phase and (now.variant, now.phase) != self._building:
                self._building = now.variant, now.phase
                self._steps.clear()
        self._tell()

    def _heard(self, event: Event) -> None:
        if isinstance(event, StepLog):
            self.log.extend(event.lines)
            return
        self._steps[event.step.key] = event
        self._tell()

    async def _keep(self) -> None:
        """Reach the engine, see that it stays, and reach it again when it went: until the service stops."""
        failed = 0
        while True:
            self._wake.clear()
            pause: float | None = PING
            try:
                if self._connection is None:
                    self._connection = await self._connect()
                    self.engine = self._connection.name
                    self._become(State.LIVE, self._connection.note)
                elif not self.running:
                    await self._connection.ping()
                failed = 0
            except EngineError as error:
                failed += 1
                await self._leave()
                pause = self._lost(error, failed)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    def _lost(self, error: EngineError, failed: int) -> float | None:
        """Say that there is no engine; the pause before the next try, None where only the user can help."""
        self._absent = error
        if isinstance(error, NotAllowedError | BadEndpointError):
            self._become(State.FAILED, error.reason, error.hint)
            return None
        pause = min(SLOWEST, 2.0**failed) * random.uniform(0.8, 1.0)  # noqa: S311  jitter, no secret
        self._become(State.LOST, error.reason, error.hint, time.monotonic() + pause)
        return pause

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()
