"""Envelopes: what comes apart as it was put together, and what is none."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from opsterm.services.telemetry.envelope import MAX_HEADER, MAX_ITEMS, Item, split
from opsterm.services.telemetry.errors import BadEnvelopeError
from opsterm.services.telemetry.parse import read_item
from opsterm.services.telemetry.spans_v2 import Assembler

KINDS = st.sampled_from(["event", "transaction", "log", "span", "session", "attachment", "no\nsuch"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["a" * 32, "b" * 16, "2026-11-24T10:00:00Z", 1.7e9, -1, 1e300, "\x1b[2J"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = """
    contexts trace trace_id span_id parent_span_id op description status data spans transaction start_timestamp
    timestamp end_timestamp exception values type value stacktrace frames filename lineno function pre_context
    context_line post_context in_app mechanism handled breadcrumbs message logentry formatted level release
    environment sdk name version items body attributes is_segment event_id
"""
NESTED = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS.split()), inner, max_size=8),
    max_leaves=30,
)
SPANS = "application/vnd.sentry.items.span.v2+json"
ITEMS = st.lists(st.tuples(KINDS, st.binary(max_size=60), st.booleans()), max_size=6)


def joined(items: list[tuple[str, bytes, bool]], header: dict[str, object] | None = None) -> bytes:
    """An envelope of `items`, each of a kind, a payload, and whether it tells its length."""
    lines = [json.dumps(header or {}).encode()]
    for kind, payload, tells in items:
        lines.append(json.dumps({"type": kind, "length": len(payload)} if tells else {"type": kind}).encode())
        lines.append(payload if tells else payload.replace(b"\n", b" "))
    return b"\n".join(lines) + b"\n"


@given(ITEMS)
def test_what_was_put_together_comes_apart_the_same(items: list[tuple[str, bytes, bool]]) -> None:
    envelope = split(joined(items, {"event_id": "abc"}))
    assert envelope.event_id == "abc"
    assert [(item.kind, item.payload) for item in envelope.items] == [
        (kind, payload if tells else payload.replace(b"\n", b" ")) for kind, payload, tells in items
    ]
    assert envelope.size == sum(len(item.payload) for item in envelope.items)


@given(ITEMS, st.data())
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_envelope_raises_only_its_own_error(
    items: list[tuple[str, bytes, bool]], data: st.DataObject
) -> None:
    body = bytearray(joined(items))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body)))
        match data.draw(st.sampled_from(["cut", "put", "drop"])):
            case "cut":
                del body[at:]
            case "put":
                body[at:at] = data.draw(st.binary(max_size=8))
            case "drop":
                del body[at : at + data.draw(st.integers(1, 8))]
    with contextlib.suppress(BadEnvelopeError):
        for item in split(bytes(body)).items:
            read_item(item)


@given(st.binary(max_size=300))
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(b"")
@example(b"\n\n")
@example(b'{"a":' * 5000)
@example(b"[]\n")
@example(b"{}\n[]\n")
def test_noise_raises_only_its_own_error(noise: bytes) -> None:
    with contextlib.suppress(BadEnvelopeError):
        split(noise)


@given(KINDS, NESTED, st.sampled_from(["", SPANS]))
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_an_item_holds_reading_it_raises_nothing(kind: str, payload: object, content_type: str) -> None:
    found = read_item(Item(kind, json.dumps(payload).encode(), content_type))
    known = kind in ("event", "transaction", "log") or (kind == "span" and content_type == SPANS)
    assert bool(found.unknown) is not known
    if known and not isinstance(payload, dict):
        assert found.bad == 1
    assembler = Assembler()
    made = [*assembler.add(found.spans, 0.0), *assembler.finish()]
    assert all(each.seconds >= 0 for each in [*made, *([found.transaction] if found.transaction else [])])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null\n",
        b'{}\n{"type":"event","length":-1}\n{}\n',
        b'{}\n{"type":"event","length":5}\n{}\n',
        b'{}\n{"type":"event","length":1}\n{}\n',
        b'{}\n{"type":"event","length":true}\n{}\n',
        b'{}\n{"type":"event","length":1.5}\n{}\n',
        b'{}\n{"type":7}\n{}\n',
        b'{}\n{"length":2}\n{}\n',
        b'{}\n{"type":"event","length":99999999999999999999}\n{}\n',
        b'{"a":"' + b"x" * MAX_HEADER + b'"}\n',
        b"{}\n" + b'{"type":"x"}\n\n' * (MAX_ITEMS + 1),
    ],
)
def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(BadEnvelopeError):
        split(body)


def test_the_end_needs_no_newline_and_empty_lines_between_items_are_nothing() -> None:
    envelope = split(b'{"event_id":7}\n{"type":"event","length":2}\n{}\n\n{"type":"log"}\n{"items":[]}')
    assert envelope.event_id == ""
    assert [item.payload for item in envelope.items] == [b"{}", b'{"items":[]}']
