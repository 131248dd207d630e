"""Items of the kind `span`, version 2: spans that a program sends as they end, and the transactions they add up to.

Of a segment (what else is a transaction) there is no item of its own: its spans come in any number of envelopes, and
its own span, the one with `is_segment`, mostly last. https://develop.sentry.dev/sdk/telemetry/spans/span-protocol/
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsterm.services.telemetry.fields import MAX_TEXT, hex_id, mapping, seconds, text, told, values
from opsterm.services.telemetry.model import Span, Transaction
from opsterm.services.telemetry.parse_transaction import MAX_DATA, MAX_SPANS, made

QUIET = 0.5
"""Seconds without news after which a segment whose own span has come is taken as whole."""
PATIENCE = 600.0
"""Seconds without news after which a segment whose own span never came is given up."""
MAX_OPEN = 1_000
"""Segments that are waited for at once."""
MAX_HELD = 20_000
"""Spans of all of them together."""
_OWN = (
    "sentry.op",
    "sentry.segment.",
    "sentry.sdk.",
    "sentry.release",
    "sentry.environment",
    "sentry.trace_lifecycle",
)
"""What is told with every span and is kept with the transaction, or nowhere."""


@dataclass(frozen=True, slots=True)
class StreamedSpan:
    """A span with what it tells of the segment that it belongs to. `segment_id` is empty where it was not told."""

    trace_id: str
    segment_id: str
    span: Span
    is_segment: bool
    name: str = ""
    release: str = ""
    environment: str = ""
    sdk: str = ""


def read_spans(told_of: Mapping[str, Any]) -> tuple[list[StreamedSpan], int]:
    """The spans, and how many had to be left out because they were none, or too many."""
    items = values(told_of.get("items"))
    spans = [span for each in items[:MAX_SPANS] if (span := _read(each)) is not None]
    return spans, len(items) - len(spans)


def _read(told_of: object) -> StreamedSpan | None:
    if not isinstance(told_of, dict):
        return None
    trace_id, span_id = hex_id(told_of.get("trace_id")), hex_id(told_of.get("span_id"))
    start, end = seconds(told_of.get("start_timestamp")), seconds(told_of.get("end_timestamp"))
    if not trace_id or not span_id or start is None or end is None:
        return None
    attributes = {name: mapping(each).get("value") for name, each in mapping(told_of.get("attributes")).items()}
    is_segment = told_of.get("is_segment") is True
    name = text(told_of.get("name"), MAX_TEXT)
    data: dict[str, str] = {}
    for key, value in attributes.items():
        if len(data) == MAX_DATA:
            break
        if value is not None and not key.startswith(_OWN):
            data[sys.intern(text(key))] = told(value)
    span = Span(
        span_id,
        hex_id(told_of.get("parent_span_id")),
        sys.intern(text(attributes.get("sentry.op"))),
        text(attributes.get("sentry.description"), MAX_TEXT) or name,
        start,
        max(start, end),
        sys.intern(text(told_of.get("status")).lower()),
        data,
    )
    return StreamedSpan(
        trace_id,
        span_id if is_segment else hex_id(attributes.get("sentry.segment.id")),
        span,
        is_segment,
        (name if is_segment else "") or text(attributes.get("sentry.segment.name"), MAX_TEXT),
        text(attributes.get("sentry.release")),
        text(attributes.get("sentry.environment")),
        f"{text(attributes.get('sentry.sdk.name'))} {text(attributes.get('sentry.sdk.version'))}".strip(),
    )


_Key = tuple[str, str]


@dataclass(slots=True)
class _Open:
    """A segment that is not whole yet."""

    news: float
    root: StreamedSpan | None = None
    spans: list[Span] = field(default_factory=list)


class Assembler:
    """Puts spans together by segment. `now` is always seconds of one clock that only runs forward."""

    def __init__(self, max_open: int = MAX_OPEN, max_spans: int = MAX_HELD) -> None:
        self.given_up = 0
        """Segments whose own span never came, or not before memory was full."""
        self._max_open = max_open
        self._max_spans = max_spans
        self._open: OrderedDict[_Key, _Open] = OrderedDict()  # that with the latest news last
        self._held = 0

    def __len__(self) -> int:
        return len(self._open)

    @property
    def held(self) -> int:
        """Spans that wait for the rest of their segment."""
        return self._held

    def add(self, spans: Iterable[StreamedSpan], now: float) -> list[Transaction]:
        """Take spans in; returns those transactions that are not waited for any longer because memory is full."""
        done = []
        for each in spans:
            key = (each.trace_id, each.segment_id)
            segment = self._open.setdefault(key, _Open(now))
            segment.news = now
            self._open.move_to_end(key)
            self._held += not (each.is_segment and segment.root is not None)  # one that is sent again takes its place
            if each.is_segment:
                segment.root = each
            else:
                segment.spans.append(each.span)
            while len(self._open) > self._max_open or self._held > self._max_spans:
                done += self._finish(next(iter(self._open)))
        return done

    def due(self, now: float) -> list[Transaction]:
        """The transactions that are whole, as far as one can know."""
        whole = []
        for key, segment in self._open.items():
            silent = now - segment.news
            if silent < QUIET:
                break
            if segment.root is not None or silent >= PATIENCE:
                whole.append(key)
        return [transaction for key in whole for transaction in self._finish(key)]

    def next_due(self) -> float | None:
        """When to ask `due` again; None where nothing is open."""
        waits = (segment.news + (PATIENCE if segment.root is None else QUIET) for segment in self._open.values())
        return min(waits, default=None)

    def finish(self) -> list[Transaction]:
        """All that have their own span; nothing is open any longer."""
        return [transaction for key in list(self._open) for transaction in self._finish(key)]

    def _finish(self, key: _Key) -> list[Transaction]:
        segment = self._open.pop(key, None)
        if segment is None:  # went together with another one
            return []
        self._held -= len(segment.spans) + (segment.root is not None)
        if segment.root is None:
            self.given_up += 1
            return []
        loose = self._open.pop(
            (key[0], ""), None
        )  # spans that did not tell to which segment of the trace they belong
        if loose is not None:
            self._held -= len(loose.spans)
            segment.spans += loose.spans
        root = segment.root
        name = root.name or root.span.description or "(unnamed)"
        return [
            made(
                name,
                key[0],
                root.span,
                tuple(segment.spans),
                release=root.release,
                environment=root.environment,
                sdk=root.sdk,
            )
        ]
