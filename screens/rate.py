"""How fast something comes: the mean over the last seconds."""

from __future__ import annotations

import time
from collections import deque

SPAN = 5.0  # seconds


class Rate:
    """Fed with a running total whenever somebody looks; gives the mean per second over `SPAN`."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, total: int) -> float:
        """The rate, now that the total is `total`."""
        now = time.monotonic()
        self._seen.append((now, total))
        while len(self._seen) > 2 and now - self._seen[1][0] >= SPAN:
            self._seen.popleft()
        then, before = self._seen[0]
        return max(0, total - before) / (now - then) if now > then else 0.0
