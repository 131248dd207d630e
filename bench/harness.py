"""What the scripts of this folder share: one figure, always beside what it is compared with in the same run."""

from __future__ import annotations

from dataclasses import dataclass


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
