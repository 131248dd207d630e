"""Where a log stream stands, and how it goes on after a cut without losing or repeating a line.

The API resumes by time only, in whole seconds and inclusive (`sinceTime`), so a resumed stream replays about a second
of lines that were read already, and more where the clock of the node was turned back. What is new begins after the
last line read. Finding that line in the replay also proves that nothing was lost in between, because a log file is
only ever appended to. Not finding it means that the file was rotated, and the gap has to be shown.
"""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from zlib import crc32

from opsterm.services.kube.logs.entries import Entry, rfc3339

_DISORDER = 100_000_000  # nanoseconds by which lines of standard output and error may be written out of order


class Position:
    """The last line read of one container instance; `latest_ns` is the greatest time read, -1 before the first."""

    def __init__(self) -> None:
        self.latest_ns = -1
        self._ns = -1
        self._mark = -1
        self._same: Counter[int] = Counter()  # how many lines of each checksum were read at the time `_ns`

    def advance(self, entries: list[Entry]) -> None:
        """`entries` were taken; they all have a time."""
        last = entries[-1]
        together = list(takewhile(lambda entry: entry.ns == last.ns, reversed(entries)))
        if last.ns != self._ns or len(together) < len(entries):
            self._same.clear()
        for entry in together:
            self._same[crc32(entry.raw)] += 1
        self._ns, self._mark = last.ns, crc32(last.raw)
        self.latest_ns = max(self.latest_ns, *(entry.ns for entry in entries))

    def since(self) -> str | None:
        """`sinceTime` for the next request; None before the first line."""
        return rfc3339(max(0, self._ns - _DISORDER)) if self._ns >= 0 else None

    def replay(self) -> Replay:
        """A filter for what comes after a cut."""
        return Replay(self._ns, self._mark, self._same[self._mark], self.latest_ns)


class Replay:
    """Lets through what is new after a cut.

    Lines are held until it is decided: either the last line read comes by, then all held are repeats, or a line comes
    without it that is later than all read, by more than lines may be out of order; then none is and there may be a
    gap. `repeats` counts what was held back for good.
    """

    def __init__(self, ns: int, mark: int, same: int, latest_ns: int) -> None:
        self.repeats = 0
        self.decided = ns < 0
        self.proven = ns < 0
        """Whether it is certain that nothing is missing; meaningful once `decided`."""
        self.held: list[Entry] = []
        self._ns, self._mark, self._left, self._latest = ns, mark, same, latest_ns

    def admit(self, entries: list[Entry]) -> list[Entry]:
        """Those of `entries`, and of those held, that are new."""
        if self.decided:
            return entries
        for index, entry in enumerate(entries):
            if entry.ns > self._latest + _DISORDER:
                return [*self.give_up(), *entries[index:]]
            self.held.append(entry)
            if entry.ns == self._ns and crc32(entry.raw) == self._mark:
                self._left -= 1
                if not self._left:
                    self.repeats = len(self.held)
                    self.held = []
                    self.decided = self.proven = True
                    return entries[index + 1 :]
        return []

    def give_up(self) -> list[Entry]:
        """Decide without proof, because no more comes: what was held is new."""
        held, self.held = self.held, []
        self.decided = True
        return held
