"""The rows of a waterfall: what ran when, below what, with the gaps between, and the like folded into one row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from opsterm.services.telemetry.analysis.operations import Kind, kind_of
from opsterm.services.telemetry.analysis.queries import abbreviated, similar
from opsterm.services.telemetry.analysis.shares import Shares
from opsterm.services.telemetry.model import Span

GAP_SHARE = 0.01
GAP_SECONDS = 0.005
"""A gap has a row of its own where it is over both."""
FOLD = 3
"""So many of the like in a row are folded."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a span, a gap, or a fold of several spans. `start` and `end` are shares of the transaction, 0 to 1."""

    key: str
    """The same for the same row of the same transaction: `s3` a span, `f3` a fold, `g0` a gap."""
    kind: Kind
    op: str
    text: str
    """What was done, without columns and numbers in a fold; `not instrumented` for a gap."""
    start: float
    end: float
    seconds: float
    """How long it took; for a fold all of its spans together, which may be more than passed."""
    own: float
    """Self time, in seconds: nothing below was active. For a gap as long as the gap."""
    spans: tuple[Span, ...] = ()
    """The span; all of them for a fold, by their start; none for a gap."""
    lines: tuple[bool, ...] = ()
    """For each level above, and the row itself last, whether more comes on it: `├` and `│`, or `└` and blank."""
    opened: bool = False
    """Whether this is a fold whose spans have rows of their own right below it."""

    @property
    def depth(self) -> int:
        """How many levels it is below the root."""
        return len(self.lines)

    @property
    def count(self) -> int:
        """How many spans it stands for; 0 for a gap."""
        return len(self.spans)

    @property
    def gap(self) -> bool:
        """Whether nothing is known of this time."""
        return not self.spans

    @property
    def fold(self) -> bool:
        """Whether it stands for several spans."""
        return len(self.spans) > 1

    @property
    def failed(self) -> bool:
        """Whether it, or one of it, ended badly."""
        return any(span.failed for span in self.spans)


def waterfall(shares: Shares, opened: Collection[str] = ()) -> Sequence[Row]:
    """The rows of a transaction, the root first, those on one level by their start.

    Spans on one level that follow each other, did the like and have nothing below them are folded, but for the folds
    whose keys are in `opened`. Gaps are where no span below the root was active.
    """
    return list(_Waterfall(shares, opened).rows())


@dataclass(frozen=True, slots=True)
class _Gap:
    key: str
    start: float
    end: float


_Entry = int | tuple[int, ...] | _Gap
"""A span by its index, a fold by its indices, or a gap."""


class _Waterfall:
    def __init__(self, shares: Shares, opened: Collection[str]) -> None:
        self._nodes = shares.nodes
        self._own = shares.own
        self._total = shares.seconds
        self._opened = opened

    def rows(self) -> Iterator[Row]:
        """Depth first, without recursion: what is still to come lies on a stack."""
        stack: list[tuple[_Entry, tuple[bool, ...]]] = [(0, ())]
        while stack:
            entry, lines = stack.pop()
            yield self._row(entry, lines)
            below = self._below(entry)
            stack.extend((each, (*lines, place > 0)) for place, each in enumerate(reversed(below)))

    def _row(self, entry: _Entry, lines: tuple[bool, ...]) -> Row:
        if isinstance(entry, _Gap):
            seconds = entry.end - entry.start
            start, end = self._share(entry.start), self._share(entry.end)
            return Row(entry.key, Kind.GAP, "", "not instrumented", start, end, seconds, seconds, (), lines)
        indices = (entry,) if isinstance(entry, int) else entry
        nodes = [self._nodes[index] for index in indices]
        first = nodes[0].span
        fold = len(nodes) > 1
        key = f"{'f' if fold else 's'}{indices[0]}"
        return Row(
            key,
            kind_of(first.op),
            first.op,
            abbreviated(similar(first)) if fold else first.description,
            self._share(nodes[0].start),
            self._share(max(node.end for node in nodes)),
            sum(node.seconds for node in nodes),
            sum(self._own[index] for index in indices),
            tuple(node.span for node in nodes),
            lines,
            key in self._opened and fold,
        )

    def _share(self, seconds: float) -> float:
        return min(1.0, seconds / self._total) if self._total else 0.0

    def _below(self, entry: _Entry) -> Sequence[_Entry]:
        if isinstance(entry, _Gap):
            return ()
        if isinstance(entry, tuple):
            return entry if f"f{entry[0]}" in self._opened else ()
        children = self._nodes[entry].children
        if entry or not children:
            return self._folded(children)
        found: list[int | _Gap] = [*children, *self._gaps()]
        found.sort(key=lambda each: each.start if isinstance(each, _Gap) else self._nodes[each].start)
        return self._folded(found)

    def _gaps(self) -> Iterator[_Gap]:
        least = max(GAP_SECONDS, GAP_SHARE * self._total)
        reached, count = 0.0, 0
        for start, end in [*((node.start, node.end) for node in self._nodes[1:]), (self._total, self._total)]:
            if start - reached > least:
                yield _Gap(f"g{count}", reached, start)
                count += 1
            reached = max(reached, end)

    def _folded(self, entries: Sequence[int | _Gap]) -> Sequence[_Entry]:
        found: list[_Entry] = []
        for (is_run, _, _), group in groupby(entries, key=self._alike):
            run = list(group)
            indices = tuple(each for each in run if isinstance(each, int))
            if is_run and len(indices) >= FOLD:
                found.append(indices)
            else:
                found.extend(run)
        return found

    def _alike(self, entry: int | _Gap) -> tuple[bool, str, str]:
        if isinstance(entry, _Gap) or self._nodes[entry].children:
            return False, "", ""
        span = self._nodes[entry].span
        return True, span.op, similar(span)
