"""Transactions by their name: how many, how fast, how they spend their time. Fed as they come.

Figures are over what is held: the last `limit` transactions that were not forgotten. The count has those that fell
out of the limit too. Rate and series go by the clock and know nothing of what was forgotten.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opsterm.services.telemetry.analysis.operations import Kind, is_query
from opsterm.services.telemetry.analysis.percentile import percentile
from opsterm.services.telemetry.analysis.shares import Shares, shares
from opsterm.services.telemetry.model import Transaction

LIMIT = 20_000
"""Transactions whose figures are held, some 10 MB."""
RECENT_SECONDS = 60.0
"""What a rate is the mean of, and what alerts look at."""
_MOST_RECENT = 20_000
BUCKETS = 10
BUCKET_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one name. Times are seconds, shares are of 1."""

    name: str
    count: int
    rate: float
    """Transactions per second, the mean of the last minute."""
    p50: float
    p95: float
    max: float
    failed: float
    """The share that ended badly."""
    shares: Mapping[Kind, float]
    """How the time of all together was spent, each kind that has any, the largest first; they add up to 1.

    Empty where no time passed.
    """
    series: tuple[float, ...]
    """The mean time in each of the last ten minutes, the running minute last; 0 where there was none."""
    last: float
    """When the last one was over, in seconds since the epoch."""
    queries: float
    """Database queries per transaction."""


@dataclass(frozen=True, slots=True)
class Recent:
    """What one name did in the last minute."""

    ordered: Sequence[float]
    """The times that they took, in seconds, ascending."""
    failures: int

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self.ordered)

    @property
    def failed(self) -> float:
        """The share that ended badly; 0 where there was none."""
        return self.failures / len(self.ordered) if self.ordered else 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one name between two marks."""

    count: int
    p95: float
    queries: float
    """Database queries per transaction."""


@dataclass(slots=True)
class _Held:
    name: str
    seconds: float
    failed: bool
    kinds: dict[Kind, int]
    """In nanoseconds: whole numbers can be taken out again without a trace."""
    queries: int
    run: int


class _Times:
    """Times in order, with the queries that were made in them."""

    def __init__(self) -> None:
        self.ordered: list[float] = []
        self.queries = 0

    def add(self, held: _Held) -> None:
        insort(self.ordered, held.seconds)
        self.queries += held.queries

    def remove(self, held: _Held) -> None:
        del self.ordered[bisect_left(self.ordered, held.seconds)]
        self.queries -= held.queries

    def run(self) -> Run:
        count = len(self.ordered)
        return Run(count, percentile(self.ordered, 95), self.queries / count if count else 0.0)


class _Name:
    def __init__(self) -> None:
        self.all = _Times()
        self.run = _Times()
        """Those since the last mark."""
        self.count = 0
        self.failures = 0
        self.kinds: dict[Kind, int] = {}
        self.last = 0.0
        self.recent: deque[tuple[float, float, bool]] = deque(maxlen=_MOST_RECENT)
        self.buckets: deque[list[float]] = deque(maxlen=BUCKETS)
        """Number, how many, seconds together."""

    def add(self, held: _Held, at: float) -> None:
        self.all.add(held)
        self.run.add(held)
        self.count += 1
        self.failures += held.failed
        for kind, ns in held.kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + ns
        self.last = max(self.last, at)
        self.recent.append((at, held.seconds, held.failed))
        while self.recent and self.recent[0][0] < self.last - RECENT_SECONDS:
            self.recent.popleft()
        number = at // BUCKET_SECONDS
        for bucket in reversed(self.buckets):
            if bucket[0] == number:
                break
        else:
            bucket = [number, 0, 0.0]
            self.buckets.append(bucket)
        bucket[1] += 1
        bucket[2] += held.seconds

    def remove(self, held: _Held, run: int) -> None:
        self.all.remove(held)
        if held.run == run:
            self.run.remove(held)
        self.failures -= held.failed
        for kind, ns in held.kinds.items():
            self.kinds[kind] -= ns


class Groups:
    """The transactions by their name. Belongs on the event loop; nothing here waits."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._names: dict[str, _Name] = {}
        self._held: dict[int, _Held] = {}
        """By the number of the transaction, in the order in which they came."""
        self._run = 0
        self._unnumbered = -1

    def __len__(self) -> int:
        return len(self._names)

    def add(self, transaction: Transaction, at: float | None = None) -> Shares:
        """Count a transaction in; returns its shares, which had to be found out.

        `at` is when it came, in seconds since the epoch; without it, when it was over by the clock of its sender. One
        that is held already, by its `seq`, is not counted again; one without a `seq` cannot be forgotten.
        """
        found = shares(transaction)
        seq = transaction.seq
        if seq < 0:
            self._unnumbered -= 1
            seq = self._unnumbered
        if seq in self._held:
            return found
        queries = sum(is_query(span.op) for span in transaction.spans)
        kinds = {kind: round(seconds * 1e9) for kind, seconds in found.seconds_by_kind().items()}
        held = _Held(transaction.name, found.seconds, transaction.failed, kinds, queries, self._run)
        when = transaction.root.end if at is None else at
        name = self._names.get(held.name)
        if name is None:
            name = self._names[held.name] = _Name()
        name.add(held, when if math.isfinite(when) else 0.0)
        self._held[seq] = held
        if len(self._held) > self._limit:
            self._remove(next(iter(self._held)))
        return found

    def forget(self, transactions: Iterable[Transaction]) -> None:
        """Take transactions out of the figures; those that are not held are no harm. A name without any goes."""
        for each in transactions:
            held = self._held.get(each.seq)
            if held is not None:
                self._names[held.name].count -= 1
                self._remove(each.seq)

    def clear(self) -> None:
        """Forget everything."""
        self._names.clear()
        self._held.clear()

    def rows(self, now: float) -> Sequence[Group]:
        """All names with their figures at `now`, in seconds since the epoch, in the order in which they came."""
        return [self._group(name, each, now) for name, each in self._names.items()]

    def row(self, name: str, now: float) -> Group | None:
        """The figures of one name; None where there is none."""
        found = self._names.get(name)
        return None if found is None else self._group(name, found, now)

    def names(self) -> Sequence[str]:
        """All names."""
        return list(self._names)

    def recent(self, name: str, now: float) -> Recent:
        """What one name did in the minute before `now`."""
        found = self._names.get(name)
        if found is None:
            return Recent((), 0)
        within = [each for each in found.recent if now - RECENT_SECONDS < each[0] <= now + RECENT_SECONDS]
        return Recent(sorted(each[1] for each in within), sum(each[2] for each in within))

    def run(self, name: str) -> Run:
        """The figures of one name since the last mark."""
        found = self._names.get(name)
        return Run(0, 0.0, 0.0) if found is None else found.run.run()

    def next_run(self) -> Mapping[str, Run]:
        """Begin another run; returns the figures of the one that ends, for each name that had any."""
        ended = {name: each.run.run() for name, each in self._names.items() if each.run.ordered}
        self._run += 1
        for each in self._names.values():
            each.run = _Times()
        return ended

    def _remove(self, seq: int) -> None:
        held = self._held.pop(seq)
        name = self._names[held.name]
        name.remove(held, self._run)
        if not name.all.ordered:
            del self._names[held.name]

    def _group(self, name: str, each: _Name, now: float) -> Group:
        ordered = each.all.ordered
        rate = sum(now - RECENT_SECONDS < at <= now + RECENT_SECONDS for at, _, _ in each.recent) / RECENT_SECONDS
        return Group(
            name,
            each.count,
            rate,
            percentile(ordered, 50),
            percentile(ordered, 95),
            ordered[-1],
            each.failures / len(ordered),
            _shares(each.kinds),
            _series(each.buckets, now),
            each.last,
            each.all.queries / len(ordered),
        )


def _shares(kinds: Mapping[Kind, int]) -> Mapping[Kind, float]:
    whole = sum(kinds.values())
    ordered = sorted(kinds.items(), key=lambda each: -each[1])
    return {kind: ns / whole for kind, ns in ordered if ns}


def _series(buckets: Iterable[Sequence[float]], now: float) -> tuple[float, ...]:
    running = now // BUCKET_SECONDS
    means = {number: seconds / count for number, count, seconds in buckets}
    return tuple(means.get(running - back, 0.0) for back in reversed(range(BUCKETS)))
