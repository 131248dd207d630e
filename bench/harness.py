"""What the scripts of this folder share: one figure, always beside what it is compared with in the same run."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

LONG = "OPSTERM_BENCH_LONG"
"""Set by `python -m bench --long`: figures that are to hold for a minute are measured for a minute."""


def seconds(usual: float, long: float) -> float:
    """How long to measure: the `usual` time, or the `long` one where that is asked for."""
    return long if os.environ.get(LONG) else usual


def percentile(values: Sequence[float], part: int) -> float:
    """What `part` per cent of `values` do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1]


def also(name: str, ours: float, theirs: float, unit: str, peer: str) -> None:
    """Print a figure beside the one that counts."""
    print(f"  {name}: ours {ours:,.4g}, {peer} {theirs:,.4g} {unit}", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Result:
    """One comparison. `ours` and `theirs` are in `unit`; `better` says which way is good."""

    name: str
    ours: float
    theirs: float
    unit: str
    peer: str
    """What ours is compared with."""
    better: str = "higher"
    """`higher` or `lower`."""

    @property
    def ratio(self) -> float:
        """How many times better than the peer; below 1 it is worse."""
        return self.ours / self.theirs if self.better == "higher" else self.theirs / self.ours

    def __str__(self) -> str:
        theirs = f"{self.peer} {self.theirs:,.4g}"
        return f"{self.name}: {self.ratio:.2f}× (ours {self.ours:,.4g}, {theirs} {self.unit})"
