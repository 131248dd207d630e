"""The lines of several connections on one time axis: one ring, in which each line names where it is from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from heapq import merge

from opsterm.services.lines import Flag, Line, Ring
from opsterm.services.threads import in_thread

Kept = Mapping[str, list[Line]]
"""Lines by the name of their ring."""
_STRAGGLERS = 5_000
"""Lines that may have come while those of before were copied, and are taken over at once."""


class Merge:
    """Copies what `rings` have and get into `ring`, with the ring's name as source of each line.

    Lines of before stand in the order of their times, new ones in that of their arrival, which is that of their ends.
    An unfinished line keeps its place when it grows. The rings themselves are not touched. Belongs on the event loop.
    """

    def __init__(self, rings: Mapping[str, Ring]) -> None:
        self.ring = Ring()
        self._rings = dict(rings)
        self._seen = dict.fromkeys(rings, 0)
        self._growing: dict[str, tuple[Line, int]] = {}  # the unfinished last line of a ring, and its place in ours
        self._ends: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Take over what is there, off the loop, and then whatever comes."""
        while any(ring.next_seq - self._seen[name] > _STRAGGLERS for name, ring in self._rings.items()):
            kept = self._kept()
            self._add(kept, await in_thread(partial(_copies, kept), "merge lines"))
        kept = self._kept()
        self._add(kept, _copies(kept))
        for name, ring in self._rings.items():
            self._ends.append(ring.listen(partial(self._take, name)))

    def stop(self) -> None:
        """Take over nothing more."""
        for end in self._ends:
            end()
        self._ends.clear()

    def _kept(self) -> Kept:
        return {name: ring.since(self._seen[name]) for name, ring in self._rings.items()}

    def _take(self, name: str) -> None:
        self._grow(name)
        kept = {name: self._rings[name].since(self._seen[name])}
        if kept[name]:
            self._add(kept, _copies(kept))

    def _grow(self, name: str) -> None:
        """Where the unfinished line of a ring is another one now, ours becomes that, too."""
        if name not in self._growing:
            return
        line, place = self._growing[name]
        ring = self._rings[name]
        now = ring[line.seq] if line.seq >= ring.first_seq else None
        if now is None or place < self.ring.first_seq:
            del self._growing[name]
        elif now is not line:
            self.ring.replace(place, replace(now, source=name))
            self._remember(name, now, place)

    def _add(self, kept: Kept, copies: list[Line]) -> None:
        begin = self.ring.next_seq
        self.ring.extend(copies)
        for name, lines in kept.items():
            if lines:
                self._seen[name] = lines[-1].seq + 1
                at = next(at for at in reversed(range(len(copies))) if copies[at].source == name)
                self._remember(name, lines[-1], begin + at)

    def _remember(self, name: str, line: Line, place: int) -> None:
        if line.flags & Flag.PARTIAL:
            self._growing[name] = (line, place)
        else:
            self._growing.pop(name, None)


def _copies(kept: Kept) -> list[Line]:
    """All of them in the order of their times."""
    copies = [[replace(line, source=name) for line in lines] for name, lines in kept.items()]
    return copies[0] if len(copies) == 1 else list(merge(*copies, key=lambda line: line.first_ns))
