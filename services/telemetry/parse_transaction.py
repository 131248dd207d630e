"""An item of the kind `transaction`: one answer to a request, sent as a whole when it was done.

https://develop.sentry.dev/sdk/data-model/event-payloads/transaction/
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from opsterm.services.telemetry import sizes
from opsterm.services.telemetry.errors import BadItemError
from opsterm.services.telemetry.fields import MAX_TEXT, hex_id, mapping, seconds, text, told, values
from opsterm.services.telemetry.model import Span, Transaction

MAX_SPANS = 10_000
"""Of the spans of a transaction, how many are kept. SDKs send a thousand."""
MAX_DATA = 64
"""Of what was told of a span, how much is kept."""


def read_transaction(told_of: Mapping[str, Any]) -> tuple[Transaction, int]:
    """The transaction, and how many of its spans had to be left out because they were none, or too many.

    Raises BadItemError where it has no trace, no times or no id.
    """
    trace = mapping(mapping(told_of.get("contexts")).get("trace"))
    trace_id, span_id = hex_id(trace.get("trace_id")), hex_id(trace.get("span_id"))
    times = _times(told_of)
    if not trace_id or not span_id or times is None:
        raise BadItemError("A transaction without a trace or without its times.")
    name = text(told_of.get("transaction"), MAX_TEXT) or "(unnamed)"
    root = Span(
        span_id,
        hex_id(trace.get("parent_span_id")),
        _known(trace.get("op")),
        text(trace.get("description"), MAX_TEXT) or name,
        *times,
        _known(trace.get("status")),
        data_of(trace.get("data")),
    )
    told_spans = values(told_of.get("spans"))
    spans = tuple(span for each in told_spans[:MAX_SPANS] if (span := read_span(each)) is not None)
    transaction = made(
        name,
        trace_id,
        root,
        spans,
        release=text(told_of.get("release")),
        environment=text(told_of.get("environment")),
        sdk=sdk_of(told_of.get("sdk")),
    )
    return transaction, len(told_spans) - len(spans)


def made(
    name: str, trace_id: str, root: Span, spans: tuple[Span, ...], *, release: str, environment: str, sdk: str
) -> Transaction:
    """A transaction of these parts, with its size."""
    size = 2 * sizes.RECORD + sizes.of_text(name) + sizes.of_span(root) + sum(map(sizes.of_span, spans))
    environment, sdk, release = sys.intern(environment), sys.intern(sdk), sys.intern(release)
    return Transaction(name, trace_id, root, spans, release, environment, sdk, size=size)


def read_span(told_of: object) -> Span | None:
    """One span of a transaction; None where it has no id or no times."""
    if not isinstance(told_of, dict):
        return None
    span_id, times = hex_id(told_of.get("span_id")), _times(told_of)
    if not span_id or times is None:
        return None
    data = told_of.get("data")
    return Span(
        span_id,
        hex_id(told_of.get("parent_span_id")),
        _known(told_of.get("op")),
        text(told_of.get("description"), MAX_TEXT),
        *times,
        _known(told_of.get("status")),
        data_of(data) if data else {},
    )


def data_of(value: object) -> dict[str, str]:
    """What else was told of a span, as text."""
    data: dict[str, str] = {}
    for name, each in mapping(value).items():
        if len(data) == MAX_DATA:
            break
        if each is not None:
            data[_known(name)] = told(each)
    return data


def sdk_of(value: object) -> str:
    """Name and version of what reported."""
    sdk = mapping(value)
    return f"{text(sdk.get('name'))} {text(sdk.get('version'))}".strip()


def _known(value: object) -> str:
    """A word that comes again and again, kept once."""
    return sys.intern(text(value))


def _times(told_of: Mapping[str, Any]) -> tuple[float, float] | None:
    """Start and end; an end before the start is taken as the start."""
    start, end = seconds(told_of.get("start_timestamp")), seconds(told_of.get("timestamp"))
    return None if start is None or end is None else (start, max(start, end))
