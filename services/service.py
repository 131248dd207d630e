"""What every service has in common: a status that says how it is, and a way to be told when that changes."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum

from opsterm.services.listeners import Listeners
from opsterm.services.telemetry.reports import reports

log = logging.getLogger(__name__)


class State(Enum):
    """How a service is; the screens have the words and glyphs for each."""

    OFF = "off"
    """Nothing runs and nothing is wrong."""
    STARTING = "starting"
    LIVE = "live"
    DEGRADED = "degraded"
    """Works in part; the reason says which part does not."""
    LOST = "lost"
    """Was live or never came up; comes back by itself. `retry_at` says when the next try is."""
    FAILED = "failed"
    """Stays so until the user changes something or asks for another try."""


@dataclass(frozen=True, slots=True)
class Status:
    """A state with what the user should know: what failed and why (`reason`), and what to do about it (`hint`).

    Both are one line of safe text. `since` and `retry_at` are seconds of `time.monotonic()`; `retry_at` is None
    where the service waits for an event instead of a moment.
    """

    state: State = State.OFF
    reason: str = ""
    hint: str = ""
    since: float = field(default_factory=time.monotonic)
    retry_at: float | None = None


class Service(ABC):
    """A part of opsterm that owns a connection and goes on working while other screens are shown.

    Lives on one event loop. It never ends the program and never gives up: what fails becomes a status, and what can
    come back by itself is tried again.
    """

    def __init__(self) -> None:
        self._status = Status()
        self._listeners = Listeners()

    @property
    def status(self) -> Status:
        """How the service is now."""
        return self._status

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called after each change of status or of other small facts; returns what ends it."""
        return self._listeners.add(told)

    @abstractmethod
    async def start(self) -> None:
        """Begin; returns at once, and the status tells how it goes on."""

    @abstractmethod
    async def stop(self) -> None:
        """End everything that runs, within a second. May be called again."""

    @abstractmethod
    def retry(self) -> None:
        """Try again now instead of at `retry_at`; nothing happens while the service is live or off."""

    def _live_on(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        """Run what the service lives on. Should a defect end it, the status says so instead of staying as it was."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._died)
        return task

    def _died(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("%s ended by a defect", task.get_name(), exc_info=error)
        reports.capture(error, mechanism="service")
        self._become(
            State.FAILED,
            f"Stopped by a defect of opsterm ({type(error).__name__}).",
            "The log has the whole story; please report it. Opening it again may help.",
        )

    def _become(self, state: State, reason: str = "", hint: str = "", retry_at: float | None = None) -> None:
        """Change the status; `since` stays while the state does."""
        since = self._status.since if state is self._status.state else time.monotonic()
        self._status = Status(state, reason, hint, since, retry_at)
        self._tell()

    def _tell(self) -> None:
        self._listeners.tell()
