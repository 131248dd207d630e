"""The service behind the Traces tab: receives what programs of this machine report about themselves."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from opsterm.services.backoff import Backoff
from opsterm.services.service import Service, State
from opsterm.services.telemetry.errors import NoListeningError, PortTakenError, SpotlightError
from opsterm.services.telemetry.listening import listening_sockets
from opsterm.services.telemetry.port_holder import port_holder
from opsterm.services.telemetry.reports import reports
from opsterm.services.telemetry.store import TraceStore
from opsterm.services.threads import in_thread

if TYPE_CHECKING:
    from opsterm.services.telemetry.envelope import Envelope
    from opsterm.services.telemetry.intake import Intake
    from opsterm.services.telemetry.receiver import Receiver

DEFAULT_PORT = 8969
"""Spotlight's; SDKs know it."""
_FINISH = 0.4
"""Seconds that what was received and not yet read may take when the service stops."""


class TraceService(Service):
    """Listens once it is started, and keeps what comes in `store`, whether anybody looks or not.

    Where Spotlight has the port already, it reads from it what it receives. Listeners are told of the status only;
    those of the store of what comes.
    """

    def __init__(self, port: int = DEFAULT_PORT, store: TraceStore | None = None) -> None:
        super().__init__()
        self.store = store or TraceStore()
        self.source = ""
        """Where it comes from: `receiver`, `spotlight`, or empty while nothing can come."""
        self._asked = port
        self._port = port
        self._main: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._intake: Intake | None = None
        self._receiver: Receiver | None = None
        self._again = asyncio.Event()

    @property
    def port(self) -> int:
        """The port; one given as 0 is chosen when it listens."""
        return self._port

    @port.setter
    def port(self, port: int) -> None:
        self._asked = self._port = port  # for the next start, or the next try

    @property
    def dsn(self) -> str:
        """What a program is given as its DSN to report here."""
        return f"http://opsterm@127.0.0.1:{self._port}/1"

    @property
    def listens(self) -> bool:
        """Whether it was started, well or not."""
        return self._main is not None

    async def start(self) -> None:
        """Begin to listen; returns at once."""
        if self._main is None:
            self._become(State.STARTING, f"Opening port {self._asked}.")
            self._main = self._live_on(self._run(), "traces")

    async def stop(self) -> None:
        """Close the port. What was received is read before; it stays in the store."""
        tasks = [task for task in (self._main, self._reading) if task]
        receiver, intake = self._receiver, self._intake
        self._main = self._reading = self._receiver = self._intake = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if receiver is not None:
            await receiver.stop()
        if intake is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FINISH):
                    await intake.finish()
            self.store.counts.evicted += len(intake)
        self.source = ""
        self._become(State.OFF)

    def retry(self) -> None:
        """Try to have the port now."""
        if self.status.state not in (State.LIVE, State.OFF):
            self._again.set()

    async def _run(self) -> None:
        await in_thread(_load, "traces, loading")
        from opsterm.services.telemetry.intake import Intake  # noqa: PLC0415  loads msgspec

        self._intake = Intake(self.store)
        self._reading = self._live_on(self._intake.run(), "traces, reading")
        backoff = Backoff(most=10.0)
        while True:
            self._again.clear()
            try:
                await self._receive(self._intake)
            except NoListeningError as error:
                self._fail(error.reason, error.hint)
                await self._again.wait()
            except PortTakenError as taken:
                await self._taken(taken, self._intake, backoff)

    async def _receive(self, intake: Intake) -> None:
        """Listen; ends only by being cancelled, or with the error that keeps it from listening."""
        from opsterm.services.telemetry.receiver import Receiver  # noqa: PLC0415  loads aiohttp

        sockets = listening_sockets(self._asked)
        self._port = sockets[0].getsockname()[1]
        reports.avoid(self._port)
        self._receiver = Receiver(intake, self.store.counts)
        await self._receiver.start(sockets)
        self.source = "receiver"
        self._become(State.LIVE)
        await asyncio.Event().wait()

    async def _taken(self, taken: PortTakenError, intake: Intake, backoff: Backoff) -> None:
        """Another has the port: read from it where it is Spotlight, else wait to be asked for another try."""
        from opsterm.services.telemetry.spotlight import Spotlight  # noqa: PLC0415  loads aiohttp

        spotlight = Spotlight(self._asked)
        if not await spotlight.is_there():
            holder = await in_thread(lambda: port_holder(self._asked), "traces, holder of the port")
            reason = f"Port {self._asked} is taken by {holder}." if holder else taken.reason
            self._fail(reason, taken.hint)
            await self._again.wait()
            return

        async def take(envelope: Envelope) -> None:
            if not await intake.take(envelope):  # meanwhile Spotlight waits with the next one
                self.store.counts.refused += 1

        def bad() -> None:
            self.store.counts.refused += 1

        def live() -> None:
            backoff.reset()
            self.source = "spotlight"
            self._become(State.LIVE, f"Reading what Spotlight on port {self._asked} receives.")

        while True:
            self._again.clear()
            try:
                await spotlight.follow(take, bad, live)
            except SpotlightError as lost:
                self.source = ""
                wait = backoff.next()
                self._become(State.LOST, lost.reason, retry_at=time.monotonic() + wait)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._again.wait()
            if not await spotlight.is_there():
                return

    def _fail(self, reason: str, hint: str) -> None:
        self.source = ""
        self._become(State.FAILED, reason, hint)


def _load() -> None:
    """Import what takes long, off the loop."""
    from opsterm.services.telemetry import receiver, spotlight  # noqa: F401, PLC0415
