"""How the program ends when it does not end by itself: signals, crashes, and a terminal that is whole afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.worker import WorkerFailed

from opsterm.services.telemetry.reports import reports
from opsterm.tui.terminal_gone import watch_terminal

if TYPE_CHECKING:
    from textual.app import App

    _Base = App[None]
else:
    _Base = object

log = logging.getLogger("opsterm")


class CrashGuard(_Base):
    """Mixed into the app: ends on signals with the terminal restored, and shows a crash without anybody's data."""

    log_path: Path | None = None

    def guard(self) -> None:
        """End on SIGTERM and SIGHUP as on a key. Call it on the running loop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(
                NotImplementedError, RuntimeError
            ):  # no signals on Windows or in a test's thread
                loop.add_signal_handler(number, self._end_on, number)
        loop.set_exception_handler(self._loop_failed)
        watch_terminal(lambda: self._end_on(signal.SIGHUP))

    def _end_on(self, number: signal.Signals) -> None:
        self.exit(return_code=128 + number)

    def _loop_failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        log.error("in the event loop: %s", context.get("message"), exc_info=error)
        reports.capture(error, mechanism="asyncio")
        what = type(error).__name__ if error else context.get("message", "")
        self.loop_failed(f"{what}: {error}" if error else str(what))

    def loop_failed(self, what: str) -> None:
        """Something failed that nobody waits for. Overridden to say so."""

    def _handle_exception(self, error: Exception) -> None:
        # Textual's own hook, private but old; a test fails if it goes.
        if self._exit:
            return
        cause = error.error if isinstance(error, WorkerFailed) else error
        log.critical("crash", exc_info=cause)
        reports.capture(cause, mechanism="textual")
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Textual would print the local variables of every frame: lines of a device, tokens of a cluster.
        from rich.segment import Segments  # noqa: PLC0415  only in a crash
        from rich.traceback import Traceback  # noqa: PLC0415

        self.bell()
        trace = Traceback(show_locals=False, width=None, suppress=["textual", asyncio])
        self._exit_renderables.append(Segments(self.console.render(trace, self.console.options)))
        self._close_messages_no_wait()


def log_to_file(folder: Path) -> Path | None:
    """Write the program's log to a file of at most 1 MB and three older ones; None where that cannot be done."""
    from logging.handlers import RotatingFileHandler  # noqa: PLC0415  costs more than the first paint should wait

    path = folder / "opsterm.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=3, encoding="utf-8")
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.raiseExceptions = False  # a full disk must not write tracebacks into the screen
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return path


def crash_hint(path: Path | None) -> None:
    """After a crash, say where the whole story is."""
    if path:
        print(f"opsterm crashed. The log is {path}.", file=sys.stderr)  # noqa: T201  the terminal is the user's again
