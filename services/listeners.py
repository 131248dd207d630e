"""Telling others that something changed, without knowing who they are."""

from __future__ import annotations

from collections.abc import Callable


class Listeners:
    """Functions that are called after each change. Each must be quick; all belong on the event loop."""

    def __init__(self) -> None:
        self._told: list[Callable[[], None]] = []

    def __len__(self) -> int:
        return len(self._told)

    def add(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called from now on; returns the function that ends it, which may be called again."""
        self._told.append(told)

        def end() -> None:
            if told in self._told:
                self._told.remove(told)

        return end

    def tell(self) -> None:
        """Call all; one that ends itself or another meanwhile is no harm."""
        for told in tuple(self._told):
            told()
