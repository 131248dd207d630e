"""Items of envelopes: what they say, in the forms that SDKs send, and what they may not do."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.telemetry import fields
from opsterm.services.telemetry.envelope import Item
from opsterm.services.telemetry.model import ErrorEvent, Transaction
from opsterm.services.telemetry.parse import MAX_ITEM, Found, read_item

TRACE = "4c79f60c11214eb38604f4ae0781bfb2"
SPAN = "b0e6f15b45c36b12"


def read(kind: str, payload: object) -> Found:
    return read_item(Item(kind, json.dumps(payload).encode()))


def transaction(**changed: object) -> Transaction:
    found = read("transaction", told(**changed)).transaction
    assert found is not None
    return found


def told(**changed: object) -> Mapping[str, object]:
    return {
        "transaction": "/cart",
        "start_timestamp": "2026-11-24T10:00:00.000000Z",
        "timestamp": 1795514401.5,
        "contexts": {
            "trace": {
                "trace_id": TRACE,
                "span_id": SPAN,
                "op": "http.server",
                "status": "internal_error",
                "data": {"http.response.status_code": 500},
            }
        },
        "spans": [
            {
                "span_id": "a" * 16,
                "parent_span_id": SPAN,
                "op": "db",
                "description": "SELECT *\n  FROM cart",
                "start_timestamp": 1795514400.25,
                "timestamp": "2026-11-24T10:00:00.500000+00:00",
                "status": "ok",
                "data": {"db.system": "sqlite", "rows": 3, "none": None, "list": [1, "a"]},
            }
        ],
        "release": "shop@1",
        "environment": "dev",
        "sdk": {"name": "sentry.python.flask", "version": "2.75.0"},
        **changed,
    }


def test_a_transaction_with_times_in_both_forms() -> None:
    found = transaction()
    assert (found.name, found.trace_id, found.root.span_id) == ("/cart", TRACE, SPAN)
    assert (found.root.op, found.root.status, found.failed) == ("http.server", "internal_error", True)
    assert found.seconds == 1.5
    assert found.root.data == {"http.response.status_code": "500"}
    assert (found.release, found.environment, found.sdk) == ("shop@1", "dev", "sentry.python.flask 2.75.0")
    (span,) = found.spans
    assert (span.op, span.description, span.parent_id) == ("db", "SELECT * FROM cart", SPAN)
    assert (span.start, span.end) == (1795514400.25, 1795514400.5)
    assert span.data == {"db.system": "sqlite", "rows": "3", "list": '[1,"a"]'}
    assert found.size > len(json.dumps(told()))


@pytest.mark.parametrize(
    "changed",
    [
        {"contexts": None},
        {"contexts": {"trace": {"trace_id": TRACE}}},
        {"contexts": {"trace": {"trace_id": "../etc", "span_id": SPAN}}},
        {"start_timestamp": None},
        {"start_timestamp": "yesterday"},
        {"timestamp": -1},
        {"timestamp": 1e18},
        {"timestamp": True},
        {"timestamp": "9" * 5000},
        {"timestamp": 10**400},
    ],
)
def test_a_transaction_without_its_parts_is_unreadable(changed: Mapping[str, object]) -> None:
    found = read("transaction", told(**changed))
    assert (found.transaction, found.bad) == (None, 1)


def test_spans_that_are_none_are_counted_and_the_others_kept() -> None:
    good = {"span_id": "c" * 16, "start_timestamp": 5, "timestamp": 4}
    found = read(
        "transaction", told(spans=[good, None, {}, "x", {**good, "span_id": "?"}, {**good, "timestamp": None}])
    )
    assert found.transaction is not None
    assert found.bad == 5
    (span,) = found.transaction.spans
    assert (span.start, span.end, span.seconds) == (5, 5, 0)


def error(**said: object) -> ErrorEvent:
    found = read("event", said).error
    assert found is not None
    return found


EXCEPTION = {
    "type": "KeyError",
    "value": "'user'",
    "mechanism": {"type": "flask", "handled": False},
    "stacktrace": {
        "frames": [
            {"filename": "flask/app.py", "lineno": 7, "function": "dispatch"},
            {
                "filename": "app.py",
                "lineno": 12,
                "function": "cart",
                "in_app": True,
                "pre_context": ["def cart():", "\tuser = 1"],
                "context_line": "    return users['user']",
                "post_context": [""],
            },
        ]
    },
}
CRUMB = {"timestamp": "2026-11-24T10:00:00Z", "category": "query", "message": "SELECT 1", "level": "info"}


@pytest.mark.parametrize("bare", [False, True])
def test_an_error_with_its_lists_bare_and_as_values(bare: bool) -> None:
    def several(*each: object) -> object:
        return list(each) if bare else {"values": list(each)}

    found = error(
        event_id="A" * 32,
        timestamp=1795514400,
        exception=several({"type": "ValueError", "value": "first\nsecond"}, EXCEPTION),
        breadcrumbs=several(
            CRUMB, {"type": "http", "data": {"method": "GET", "url": "http://a/", "status_code": 200}}, 7
        ),
        contexts={"trace": {"trace_id": TRACE, "span_id": SPAN}},
        transaction="/cart",
    )
    assert (found.event_id, found.time, found.level) == ("a" * 32, 1795514400, "error")
    assert found.title == "KeyError: 'user'"
    assert not found.handled
    assert found.raised[0].value == "first second"
    frame = found.raised[1].frames[1]
    assert (frame.file, frame.line, frame.function, frame.in_app) == ("app.py", 12, "cart", True)
    assert frame.before == ("def cart():", "        user = 1")
    assert frame.source == "    return users['user']"
    assert [(crumb.category, crumb.message) for crumb in found.crumbs] == [
        ("query", "SELECT 1"),
        ("http", "GET http://a/ 200"),
    ]
    assert (found.trace_id, found.span_id, found.transaction) == (TRACE, SPAN, "/cart")


@pytest.mark.parametrize(
    "said",
    [
        {"message": "it broke"},
        {"message": {"formatted": "it broke"}},
        {"logentry": {"message": "it %s", "formatted": "it broke"}},
        {"logentry": {"message": "it broke"}},
    ],
)
def test_a_message_in_each_of_its_forms(said: Mapping[str, object]) -> None:
    found = error(**said, level="WARNING")
    assert (found.title, found.level, found.raised) == ("it broke", "warning", ())
    assert found.time > 1_700_000_000


def test_logs_line_by_line() -> None:
    entry = {"timestamp": 1.5, "level": "WARN", "body": "one\ntwo\x1b[31m", "trace_id": TRACE, "span_id": SPAN}
    found = read("log", {"items": [entry, {**entry, "timestamp": "x"}, {**entry, "body": None}, 3]})
    assert found.bad == 3
    assert [(record.level, record.body, record.trace_id) for record in found.logs] == [
        ("warn", "one", TRACE),
        ("warn", "two", TRACE),
    ]
    many = read("log", {"items": [{**entry, "body": "x\n" * 1000}]}).logs
    assert len(many) == 200
    assert many[-1].body == "… and 801 more lines"


def test_an_item_of_too_many_parts_is_cut_and_the_rest_counted() -> None:
    span = {"span_id": "c" * 16, "start_timestamp": 1, "timestamp": 2}
    found = read("transaction", told(spans=[span] * 10_007))
    assert found.transaction is not None
    assert (len(found.transaction.spans), found.bad) == (10_000, 7)
    found = read("log", {"items": [{"timestamp": 1, "body": "\n" * 100}] * 107})
    assert (len(found.logs), found.bad) == (10_000, 7)


def test_a_kind_that_is_not_shown_is_named() -> None:
    assert read("client_report", {}).unknown == "client_report"
    assert read("span", {}).unknown == "span"
    assert read("\x1b]0;x\x07", {}).unknown == "(none)"


def test_an_item_that_is_too_large_is_not_looked_at() -> None:
    assert read_item(Item("event", b'{"message":"' + b"x" * MAX_ITEM + b'"}')).bad == 1
    assert read_item(Item("attachment", b"x" * (MAX_ITEM + 1))).unknown == "attachment"


HOSTILE = st.text(st.sampled_from("a \x1b[2J]0;\x07\u202e\n\t\ud800é漢"), max_size=400)


@given(HOSTILE, st.integers(1, 300))
def test_text_is_one_safe_line_of_limited_length(value: str, most: int) -> None:
    shown = fields.text(value, most)
    assert len(shown) <= most
    assert not any(each in shown for each in "\x1b\n\t\u202e\ud800\x07")
    line = fields.source(value)
    assert len(line) <= fields.MAX_SOURCE
    assert not any(each in line for each in "\x1b\n\t\u202e\ud800\x07")


@pytest.mark.parametrize("depth", [*range(800, 1100, 10), 5000, 100_000])
def test_what_is_nested_without_measure_is_read_or_refused(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    payload = json.dumps(told()).encode().replace(b'"sqlite"', nested)
    found = read_item(Item("transaction", payload))
    assert (found.transaction is None) is (found.bad == 1)


def test_all_that_is_shown_of_a_transaction_is_safe() -> None:
    bad = "\x1b[2Jx\u202e"
    found = transaction(
        transaction=bad,
        release=bad,
        environment=bad,
        sdk={"name": bad, "version": bad},
        contexts={"trace": {"trace_id": TRACE, "span_id": SPAN, "op": bad, "status": bad, "data": {bad: {bad: bad}}}},
        spans=[{"span_id": SPAN, "op": bad, "description": bad, "status": bad, "start_timestamp": 1, "timestamp": 2}],
    )
    assert "\\x1b" not in repr(found)
    assert "\\u202e" not in repr(found).lower().replace("u+202e", "")
