"""Noticing that the terminal is gone where no signal says so: a program in it that is no leader of its session."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

_WRITER = "textual-output"
"""The thread of Textual's that writes the screen. A failed write ends it, and whoever writes more waits for ever."""


def watch_terminal(gone: Callable[[], None]) -> None:
    """Have `gone` called on the running loop when the screen cannot be written any more; what is written then goes
    nowhere, and nobody waits for it.
    """
    loop, before = asyncio.get_running_loop(), threading.excepthook

    def failed(found: threading.ExceptHookArgs) -> None:
        thread = found.thread
        if thread is None or thread.name != _WRITER or not isinstance(found.exc_value, OSError):
            before(found)
            return
        loop.call_soon_threadsafe(gone)
        queue = thread._queue  # type: ignore[attr-defined]  # Textual's own; a test fails if it goes
        while queue.get() is not None:
            pass

    threading.excepthook = failed
