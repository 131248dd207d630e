"""What a Sentry organisation tells of its transactions, operations, queries and samples.

Times are seconds, rates 0 to 1. All text is safe to show.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlowTransaction:
    """All transactions of one name."""

    name: str
    project: str
    count: int
    p50: float
    p95: float
    slowest: float
    failure_rate: float


@dataclass(frozen=True, slots=True)
class Operation:
    """All spans of one operation, such as `db` or `http.client`. `total` is their time, added up."""

    op: str
    count: int
    total: float
    p95: float


@dataclass(frozen=True, slots=True)
class SlowQuery:
    """All spans of one database query; `system` is the database, such as `postgresql`."""

    description: str
    system: str
    count: int
    total: float
    p95: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One span that was slow, and the trace it is part of. `time` is seconds since the epoch."""

    trace_id: str
    span_id: str
    transaction: str
    op: str
    description: str
    project: str
    seconds: float
    time: float
