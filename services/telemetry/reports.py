"""What opsterm reports about itself to a Sentry server of the user's choice: its defects, and how long actions take.

Off until `start` is given a DSN: nothing is imported before, and nothing connects. All of the program uses the one
object `reports`. What is sent is made by `scrub.py`; `docs/telemetry.md` lists it. `SENTRY_DSN` and
`SENTRY_SPOTLIGHT` are meant for the programs that the user works on, and change nothing here.
"""

from __future__ import annotations

import atexit
import contextvars
import logging
import queue
import threading
import time
from collections.abc import Callable

from opsterm.services.telemetry.actions import DURING, NOTHING, Action, Nothing, Step, current
from opsterm.services.telemetry.destination import HERE, RECEIVER_PORT, Place, ReportsError, is_here, itself, place_of
from opsterm.services.telemetry.sending import CLOSE_SECONDS, Failure, first, initialised, send

_MOST = 100  # reports that wait, for sentry_sdk or for one another; more are left out

Queue = queue.SimpleQueue[tuple[Action | Failure, contextvars.Context] | None]
Listen = Callable[[Callable[[], None]], Callable[[], None]]
"""Has a function called after each change; returns what ends it."""

log = logging.getLogger(__name__)


class Reports:
    """Reports errors and actions. `start` and all but `close` belong on the event loop or the main thread."""

    def __init__(self) -> None:
        self.on = False
        """Whether anything is, or will be, reported."""
        self.place: Place | None = None
        self.patience = CLOSE_SECONDS
        """Seconds that sending what waits may take at the end."""
        self._receivers = {RECEIVER_PORT}
        self.ready = threading.Event()
        """Set when sentry_sdk is there."""
        self._queue: Queue = queue.SimpleQueue()
        self._deadline = 0.0
        self._followed: dict[str, Callable[[], None]] = {}
        self._thread: threading.Thread | None = None
        self._said: Callable[[str], object] | None = None

    def start(
        self,
        dsn: str,
        sample_rate: float,
        version: str,
        environment: str = "",
        said: Callable[[str], object] | None = None,
    ) -> None:
        """Report to `dsn` from now on; of the actions the part `sample_rate` (0 to 1). Returns at once: sentry_sdk
        is imported on a thread, and what comes meanwhile waits for it. An empty DSN changes nothing.

        `said` is told, on that thread, in one line why nothing is reported where that turns out there. Raises
        ReportsError where it is seen at once.
        """
        if not dsn or self.on:
            return
        self.place = place_of(dsn)
        self._said = said
        if self.place.port in self._receivers and self.place.host in HERE:
            raise itself(self.place)
        self.on = True
        self._queue = queue.SimpleQueue()  # that of a run before may still be read
        self._thread = threading.Thread(
            target=self._run, args=(self._queue, dsn, sample_rate, version, environment), name="reports", daemon=True
        )
        self._thread.start()
        atexit.unregister(self.close)
        atexit.register(self.close)

    def avoid(self, port: int) -> None:
        """opsterm receives on this port of this machine: never report there, for it would wait for itself."""
        self._receivers.add(port)
        if self.on and self.place and self.place.port == port:
            threading.Thread(target=self._leave, args=(self.place,), name="reports", daemon=True).start()

    def capture(self, error: BaseException | None, mechanism: str) -> None:
        """Report an error, once however often it passes here. `mechanism` says where it was caught."""
        if not self.on or not isinstance(error, Exception) or not first(error):
            return
        self.deliver(Failure(error, mechanism, getattr(error, DURING, None) or current.get()))

    def action(self, name: str) -> Action | Nothing:
        """A context for what the user does: one transaction. `name` is of our words, never of the user's."""
        return Action(name, self.deliver) if self.on else NOTHING

    def child(self, op: str, description: str = "") -> Step | Nothing:
        """A context for a step of the action that this code runs for; nothing outside of one."""
        if not self.on or (action := current.get()) is None:
            return NOTHING
        return action.child(op, description)

    def follow(self, name: str, phase: Callable[[], str | None], *listens: Listen) -> None:
        """An action that goes on when its key is answered: `phase` names what is waited for now, is empty when it
        came and None when it will not. It is asked now and whenever one of `listens` tells. A new one of a name ends
        the one before.
        """
        if not self.on:
            return
        if give_up := self._followed.pop(name, None):
            give_up()
        action = Action(name, self.deliver)
        running: list[Step] = []

        def look() -> None:
            now = phase() if self.on else ""
            if running and running[0].op != now:
                running.pop().end()
            if not now:
                finish("unavailable" if now is None else "ok")
            elif not running:
                running.append(action.child(now))

        def finish(status: str) -> None:
            for end in ends:
                end()
            self._followed.pop(name, None)
            action.end(status)

        ends = [listen(look) for listen in listens]
        self._followed[name] = lambda: finish("cancelled")
        look()

    def deliver(self, report: Action | Failure) -> None:
        """Have what is finished sent, on the thread of reports: making a report takes milliseconds."""
        if self.on and self._queue.qsize() < _MOST:
            self._queue.put((report, contextvars.copy_context()))

    def close(self, seconds: float | None = None) -> None:
        """Send what waits and end, within `seconds`, else within `patience`. Blocks; may be called again, from any
        thread. The end of the interpreter calls it, too.
        """
        seconds = self.patience if seconds is None else seconds
        self.on = False
        self._deadline = time.monotonic() + seconds
        if self._thread:
            self._queue.put(None)
            self._thread.join(seconds)

    # On the thread of reports

    def _run(self, line: Queue, dsn: str, sample_rate: float, version: str, environment: str) -> None:
        try:
            if self.place and self.place.port in self._receivers and is_here(self.place.host):
                raise itself(self.place)
            sdk = initialised(dsn, sample_rate, version, environment)
        except Exception as error:  # reports are no reason for anything else to fail
            self.on = False
            log.warning("no reports: %s", type(error).__name__)
            self._say(str(error) if isinstance(error, ReportsError) else "Reports to Sentry could not begin.")
            return
        self.ready.set()
        while waiting := line.get():
            report, context = waiting
            try:
                context.run(send, sdk, report)
            except Exception:  # a report must never be what breaks
                log.warning("a report was lost", exc_info=True)
        sdk.get_client().close(timeout=max(0.0, self._deadline - time.monotonic()))

    def _leave(self, place: Place) -> None:
        if is_here(place.host):
            self.close()
            self._say(str(itself(place)))

    def _say(self, text: str) -> None:
        if self._said:
            self._said(text)


reports = Reports()
"""The program's own; off until the program starts it."""
