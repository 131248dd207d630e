"""Short names and colours for the containers whose lines share a pane."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from opsterm.services.lines import Direction, Flag, Line

SLOTS = 12  # colours of the source palette
WIDEST = 20  # cells of a name


class Sources:
    """Gives each source (`pod/container`) a name as short as the others allow, and the least used colour.

    Both stay for as long as the view does: what was read under a name keeps it.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}
        self._taken: dict[str, str] = {}  # pod part to pod

    def prefix(self, line: Line) -> Sequence[tuple[str, str]]:
        """What stands before a line; notes of the stream carry their own words."""
        if line.direction is Direction.NOTE:
            return (("", "warning" if line.flags & Flag.GAP else "muted"),)
        known = self._known.get(line.source)
        if known is None:
            known = self._known[line.source] = (self._name(line.source), self._slot(line.source))
        return ((f"{known[0]}  ", known[1]),)

    def _name(self, source: str) -> str:
        pod, _, container = source.rpartition("/")
        parts = pod.split("-")
        short = pod
        for length in range(1, len(parts) + 1):
            short = "-".join(parts[-length:])
            if self._taken.setdefault(short, pod) == pod:
                break
        name = _cut(f"{short}/{container}")
        taken = {known for known, _ in self._known.values()}
        number = 2
        while name in taken:  # cut to the same, or a whole name that is the end of another
            name = _cut(f"{short}/{container}", f"~{number}")
            number += 1
        return name

    def _slot(self, source: str) -> str:
        used = [sum(role == f"source-{slot}" for _, role in self._known.values()) for slot in range(1, SLOTS + 1)]
        least = [slot for slot, times in enumerate(used, 1) if times == min(used)]
        return f"source-{least[zlib.crc32(source.encode()) % len(least)]}"


def _cut(name: str, end: str = "") -> str:
    """`name` and `end` in as much room as a name has."""
    room = WIDEST - len(end)
    return (name if len(name) <= room else name[: room - 1] + "…") + end
