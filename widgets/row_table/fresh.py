"""Which cells changed a moment ago."""

from __future__ import annotations

from collections.abc import Iterable


class Fresh:
    """Cells that are drawn bold for a while. Those of one update are a batch, and end together."""

    def __init__(self) -> None:
        self._batches: dict[str, dict[int, int]] = {}  # key of the row -> column -> newest batch
        self._last = 0

    def add(self, cells: Iterable[tuple[str, int]]) -> int:
        """Note these cells (key of the row, index of the column); the number by which `expire` ends them."""
        self._last += 1
        for key, column in cells:
            self._batches.setdefault(key, {})[column] = self._last
        return self._last

    def expire(self, batch: int) -> set[str]:
        """End the cells of `batch` and of those before it; the keys of the rows that must be drawn again."""
        ended = set()
        for key, columns in list(self._batches.items()):
            left = {column: newest for column, newest in columns.items() if newest > batch}
            if len(left) < len(columns):
                ended.add(key)
            if left:
                self._batches[key] = left
            else:
                del self._batches[key]
        return ended

    def columns(self, key: str) -> frozenset[int]:
        """The columns of this row that are fresh."""
        return frozenset(self._batches.get(key, ()))
