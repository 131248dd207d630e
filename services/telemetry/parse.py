"""Reads the items of envelopes: what each is, and the records in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsterm.services.telemetry.envelope import Item
from opsterm.services.telemetry.errors import BadItemError
from opsterm.services.telemetry.fields import decode, text
from opsterm.services.telemetry.model import ErrorEvent, LogRecord, Transaction
from opsterm.services.telemetry.parse_event import read_event
from opsterm.services.telemetry.parse_logs import read_logs
from opsterm.services.telemetry.parse_transaction import read_transaction
from opsterm.services.telemetry.spans_v2 import StreamedSpan, read_spans

MAX_ITEM = 4 * 1024 * 1024
"""Bytes of an item that is looked at. Sentry takes events and transactions of 1 MB."""
SPANS_V2 = "application/vnd.sentry.items.span.v2+json"


@dataclass(slots=True)
class Found:
    """What was in one item."""

    transaction: Transaction | None = None
    error: ErrorEvent | None = None
    logs: list[LogRecord] = field(default_factory=list)
    spans: list[StreamedSpan] = field(default_factory=list)
    bad: int = 0
    """Parts that were not what they said; the whole item counts as one."""
    unknown: str = ""
    """Its kind, where that is none that is shown here."""


def read_item(item: Item) -> Found:
    """The records in `item`. Never raises for what is in it; may run on any thread."""
    try:
        if len(item.payload) > MAX_ITEM and item.kind in ("event", "transaction", "log", "span"):
            raise BadItemError("An item that is too large.")
        if item.kind == "transaction":
            transaction, bad = read_transaction(decode(item.payload))
            return Found(transaction, bad=bad)
        if item.kind == "event":
            return Found(error=read_event(decode(item.payload)))
        if item.kind == "log":
            logs, bad = read_logs(decode(item.payload))
            return Found(logs=logs, bad=bad)
        if item.kind == "span" and item.content_type == SPANS_V2:
            spans, bad = read_spans(decode(item.payload))
            return Found(spans=spans, bad=bad)
    except BadItemError:
        return Found(bad=1)
    return Found(unknown=text(item.kind, 40) or "(none)")
