"""Wall-clock stamps that never go back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Clock:
    """Nanoseconds since the epoch, never decreasing.

    When the system's clock is set back, time goes on from the last stamp at its real pace until the system's clock
    has caught up. May be asked from several threads.
    """

    def __init__(self, wall: Callable[[], int] = time.time_ns, steady: Callable[[], int] = time.monotonic_ns) -> None:
        self._wall = wall
        self._steady = steady
        self._lock = threading.Lock()
        self._last = 0
        self._last_steady = steady()

    def now(self) -> int:
        """The time now, in nanoseconds since the epoch."""
        with self._lock:
            wall, steady = self._wall(), self._steady()
            if wall < self._last:
                wall = self._last + steady - self._last_steady
            self._last, self._last_steady = wall, steady
            return wall
