"""When to act on news: at once after a quiet moment, then at a steady rate, and never without news."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

PAINT = 1 / 15
"""Seconds between two paints while data comes."""
PAINT_REMOTE = 1 / 6
"""The same over ssh, where every paint crosses the network."""
QUIET = 0.033
"""Seconds without news after which the next is acted on at once, so that a lone line is never late."""


def paint_interval() -> float:
    """Seconds between two paints on this terminal."""
    return PAINT_REMOTE if os.environ.get("SSH_CONNECTION") else PAINT


class Pace:
    """Calls `act` for `news`, coalesced to one call every `interval` seconds. Belongs to one event loop."""

    def __init__(self, act: Callable[[], object], interval: float, quiet: float = QUIET) -> None:
        self._act = act
        self._interval = interval
        self._quiet = quiet
        self._last_news = self._last_act = float("-inf")
        self._handle: asyncio.Handle | None = None

    def news(self) -> None:
        """Something is new; cheap enough to be called for every line."""
        now = time.monotonic()
        quiet, self._last_news = now - self._last_news >= self._quiet, now
        if self._handle is not None:
            return
        loop = asyncio.get_running_loop()
        wait = 0 if quiet else self._last_act + self._interval - now
        self._handle = loop.call_later(wait, self.now) if wait > 0 else loop.call_soon(self.now)

    def now(self) -> None:
        """Act now, whatever is waiting."""
        self.stop()
        self._last_act = time.monotonic()
        self._act()

    def stop(self) -> None:
        """Drop what is waiting; the next news starts again."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
