"""Two runs of the same program compared: before a mark, and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from opsterm.services.telemetry.analysis.groups import Groups, Run
from opsterm.services.telemetry.analysis.words import duration

FEWEST = 5
"""With fewer transactions on one side nothing is said."""
NOISE_SHARE = 0.10
NOISE_SECONDS = 0.005
"""A change of the 95th percentile has to be greater than both to be one."""


class Verdict(Enum):
    """What a comparison says. The value is its sign."""

    SLOWER = "▲"
    FASTER = "▼"
    SAME = "≈"
    """No difference that is greater than what repetition shows, or too few to tell."""
    NONE = ""
    """There is nothing to compare with, or nothing came since."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from the run before to the run after."""

    verdict: Verdict
    before: Run
    after: Run

    @property
    def seconds(self) -> float:
        """By how much the 95th percentile grew, in seconds."""
        return self.after.p95 - self.before.p95

    @property
    def queries(self) -> float:
        """By how many the queries per transaction grew."""
        return self.after.queries - self.before.queries

    @property
    def text(self) -> str:
        """`▲ +402 ms`, `▼ −38 ms`, `≈`, or nothing."""
        sign: str = self.verdict.value
        if self.verdict is Verdict.SLOWER:
            return f"{sign} +{duration(self.seconds)}"
        if self.verdict is Verdict.FASTER:
            return f"{sign} −{duration(-self.seconds)}"
        return sign

    @property
    def queries_text(self) -> str:
        """Queries per transaction, `43 → 2`, or `43` where that did not change; empty where there is no telling."""
        if not (self.before.count and self.after.count):
            return ""
        before, after = _number(self.before.queries), _number(self.after.queries)
        return before if before == after else f"{before} → {after}"


def compare(before: Run, after: Run) -> Difference:
    """What changed: where both runs have five transactions, and p95 moved by over 10 % and over 5 ms."""
    return Difference(_verdict(before, after), before, after)


class Comparison:
    """The mark "before": what was before it is kept, name by name, and compared with what came since."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._before: dict[str, Run] = {}

    @property
    def marked(self) -> bool:
        """Whether there is anything to compare with."""
        return bool(self._before)

    @property
    def before(self) -> Mapping[str, Run]:
        """The figures of each name before the mark."""
        return self._before

    def mark(self) -> None:
        """Have what came since the last mark be "before"; a name of which nothing came keeps what it had."""
        self._before.update(self._groups.next_run())

    def clear(self) -> None:
        """Take the mark away."""
        self._before.clear()

    def of(self, name: str) -> Difference:
        """What changed for one name since the mark."""
        return compare(self._before.get(name, _NOTHING), self._groups.run(name))


_NOTHING = Run(0, 0.0, 0.0)


def _verdict(before: Run, after: Run) -> Verdict:
    if not before.count or not after.count:
        return Verdict.NONE
    change = after.p95 - before.p95
    few = min(before.count, after.count) < FEWEST
    if few or abs(change) <= max(NOISE_SECONDS, NOISE_SHARE * before.p95):
        return Verdict.SAME
    return Verdict.SLOWER if change > 0 else Verdict.FASTER


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
