"""How long to wait before trying again."""

from __future__ import annotations

import random


class Backoff:
    """Grows from `first` to `most` seconds by doubling, with a fifth of jitter either way."""

    def __init__(self, first: float = 0.5, most: float = 30.0) -> None:
        self.first = first
        self.most = most
        self._tries = 0

    def next(self) -> float:
        """Seconds to wait before the next try."""
        wait = min(self.most, self.first * 2.0 ** min(self._tries, 20))
        self._tries += 1
        return wait * random.uniform(0.8, 1.2)  # noqa: S311  jitter

    def reset(self) -> None:
        """Begin again at `first`: something worked."""
        self._tries = 0
