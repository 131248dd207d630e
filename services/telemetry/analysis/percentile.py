"""Percentiles by the nearest rank: always a value that was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The least of the `ordered` values (ascending) that `percent` of 100 of them do not exceed; 0 of none.

    The nearest-rank method: no value between two is made up. Of fewer than twenty values the 95th is the greatest.
    """
    if not ordered:
        return 0.0
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[min(len(ordered), max(1, rank)) - 1]
