"""One trace, as Sentry tells it (docs.sentry.io/api/discover/retrieve-a-trace), in the records of all traces.

The answer is a forest of spans; those with `is_transaction` begin a transaction, and have the spans of it below them,
down to where the next one begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsterm.services.telemetry.model import ErrorEvent, Span, Transaction
from opsterm.services.telemetry.sentry_api.values import items, mapping, moment, seconds, text

ATTRIBUTES = (
    "span.status",
    "db.system",
    "http.request.method",
    "http.response.status_code",
    "release",
    "environment",
)
"""What is asked for of each span beyond what always comes."""
MOST_SPANS = 20_000
"""What is read of one trace."""
_SPAN_BYTES = 600  # what a span takes in memory, about


@dataclass(frozen=True, slots=True)
class Trace:
    """The transactions of a trace by their beginning, its errors by their time, and how much of the answer is not
    in them: of another kind, not readable, or more than is read.
    """

    trace_id: str
    transactions: tuple[Transaction, ...]
    errors: tuple[ErrorEvent, ...]
    left_out: int = 0


class _Open:
    """A transaction whose spans are being gathered."""

    def __init__(self, event: Mapping[str, Any], root: Span) -> None:
        self.event, self.root = event, root
        self.spans: list[Span] = []


def trace_of(trace_id: str, value: Any) -> Trace | None:
    """The trace in an answer; None for an answer of another shape."""
    if not isinstance(value, list):
        return None
    opened: list[_Open] = []
    errors: dict[str, ErrorEvent] = {}
    left_out = count = 0
    waiting: list[tuple[Any, _Open | None]] = [(event, None) for event in reversed(value)]
    while waiting:
        event, within = waiting.pop()
        if not isinstance(event, dict):
            left_out += 1
            continue
        if event.get("event_type") == "error" or "issue_id" in event:
            _keep(errors, event, trace_id)
            continue
        span = _span(event)
        if span is None or count >= MOST_SPANS:
            left_out += 1
        else:
            count += 1
            if within is None or event.get("is_transaction") is True:
                within = _Open(event, span)
                opened.append(within)
            else:
                within.spans.append(span)
        for error in items(event.get("errors")):
            _keep(errors, mapping(error), trace_id)
        waiting += [(child, within) for child in reversed(items(event.get("children")))]
    transactions = sorted((_transaction(trace_id, each) for each in opened), key=lambda each: each.root.start)
    by_time = sorted(errors.values(), key=lambda each: each.time)
    return Trace(trace_id, tuple(transactions), tuple(by_time), left_out)


def _span(event: Mapping[str, Any]) -> Span | None:
    start, end = moment(event.get("start_timestamp")), moment(event.get("end_timestamp"))
    if start is None or event.get("event_type", "span") != "span":
        return None
    attributes = mapping(event.get("additional_attributes"))
    data = {text(key): text(str(value)) for key, value in attributes.items() if isinstance(value, str | int | float)}
    return Span(
        span_id=text(event.get("event_id")),
        parent_id=text(event.get("parent_span_id")),
        op=text(event.get("op")),
        description=text(event.get("description")) or text(event.get("name")),
        start=start,
        end=end if end is not None else start + seconds(event.get("duration")),
        status=data.get("span.status", ""),
        data=data,
    )


def _transaction(trace_id: str, found: _Open) -> Transaction:
    data = found.root.data
    return Transaction(
        name=text(found.event.get("transaction")) or found.root.description or found.root.op,
        trace_id=trace_id,
        root=found.root,
        spans=tuple(found.spans),
        release=data.get("release", ""),
        environment=data.get("environment", ""),
        sdk=text(found.event.get("sdk_name")),
        size=_SPAN_BYTES * (1 + len(found.spans)),
    )


def _keep(errors: dict[str, ErrorEvent], event: Mapping[str, Any], trace_id: str) -> None:
    """An error of the trace; the same one may be told of at several places."""
    event_id = text(event.get("event_id"))
    message = text(event.get("description")) or text(event.get("culprit"))
    if event_id and message:
        errors[event_id] = ErrorEvent(
            event_id,
            moment(event.get("start_timestamp")) or moment(event.get("timestamp")) or 0.0,
            text(event.get("level")) or "error",
            message=message,
            transaction=text(event.get("transaction")),
            trace_id=trace_id,
        )
