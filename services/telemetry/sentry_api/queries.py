"""The questions of the table form of Explore, and their rows (docs.sentry.io/api/explore, dataset `spans`).

At most 20 fields are asked for; what is sorted by is among them, and figures over many spans are not mixed with the
ids of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from opsterm.services.telemetry.sentry_api.rows import Operation, Sample, SlowQuery, SlowTransaction
from opsterm.services.telemetry.sentry_api.values import mapping, moment, number, seconds, text

Row = TypeVar("Row")
_P50, _P95 = "p50(span.duration)", "p95(span.duration)"
_SUM, _MAX = "sum(span.duration)", "max(span.duration)"


class Found:
    """One row of an answer, with the units of its columns."""

    def __init__(self, row: Mapping[str, Any], units: Mapping[str, Any]) -> None:
        self._row, self._units = row, units

    def text(self, field: str) -> str:
        """Safe text."""
        return text(self._row.get(field))

    def number(self, field: str) -> float:
        """A number."""
        return number(self._row.get(field))

    def seconds(self, field: str) -> float:
        """A duration."""
        return seconds(self._row.get(field), self._units.get(field))

    def moment(self, field: str) -> float:
        """Seconds since the epoch."""
        return moment(self._row.get(field)) or 0.0


@dataclass(frozen=True, slots=True)
class Query(Generic[Row]):
    """What is asked for, and how a row of it is read; `read` gives None for a row that is not what it should be."""

    what: str
    search: str
    fields: tuple[str, ...]
    sort: str
    read: Callable[[Found], Row | None]

    def parameters(self, *, period: str, per_page: int, cursor: str, search: str) -> list[tuple[str, str]]:
        """As the interface takes them."""
        asked = [("dataset", "spans"), *(("field", field) for field in self.fields)]
        asked += [("sort", self.sort), ("statsPeriod", period), ("per_page", str(per_page))]
        if query := " ".join(part for part in (self.search, search) if part):
            asked.append(("query", query))
        return [*asked, ("cursor", cursor)] if cursor else asked


def rows_of(query: Query[Row], value: Any) -> tuple[tuple[Row, ...], int] | None:
    """The rows of an answer, and how many could not be read; None for an answer of another shape."""
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        return None
    units = mapping(mapping(value.get("meta")).get("units"))
    read = [query.read(Found(row, units)) if isinstance(row, dict) else None for row in value["data"]]
    return tuple(row for row in read if row is not None), sum(row is None for row in read)


def _transaction(found: Found) -> SlowTransaction | None:
    if not (name := found.text("transaction")):
        return None
    return SlowTransaction(
        name,
        found.text("project"),
        int(found.number("count()")),
        found.seconds(_P50),
        found.seconds(_P95),
        found.seconds(_MAX),
        found.number("failure_rate()"),
    )


def _operation(found: Found) -> Operation:
    op = found.text("span.op") or "(none)"
    return Operation(op, int(found.number("count()")), found.seconds(_SUM), found.seconds(_P95))


def _slow_query(found: Found) -> SlowQuery | None:
    if not (description := found.text("span.description")):
        return None
    system, spans = found.text("db.system"), int(found.number("count()"))
    return SlowQuery(description, system, spans, found.seconds(_SUM), found.seconds(_P95))


def _sample(found: Found) -> Sample | None:
    if not (trace := found.text("trace")):
        return None
    return Sample(
        trace,
        found.text("id"),
        found.text("transaction"),
        found.text("span.op"),
        found.text("span.description"),
        found.text("project"),
        found.seconds("span.duration"),
        found.moment("timestamp"),
    )


SLOWEST_TRANSACTIONS: Query[SlowTransaction] = Query(
    "transactions",
    "is_transaction:true",
    ("transaction", "project", "count()", _P50, _P95, _MAX, "failure_rate()"),
    f"-{_P95}",
    _transaction,
)
OPERATIONS: Query[Operation] = Query("operations", "", ("span.op", "count()", _SUM, _P95), f"-{_SUM}", _operation)
SLOW_QUERIES: Query[SlowQuery] = Query(
    "queries", "has:db.system", ("span.description", "db.system", "count()", _SUM, _P95), f"-{_P95}", _slow_query
)
SAMPLES: Query[Sample] = Query(
    "samples",
    "",
    ("id", "trace", "transaction", "span.op", "span.description", "span.duration", "project", "timestamp"),
    "-span.duration",
    _sample,
)


def exactly(key: str, value: str) -> str:
    """A search for exactly this text of a key, whatever characters it has."""
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("*", "\\*")
    return f'{key}:"{quoted}"'
