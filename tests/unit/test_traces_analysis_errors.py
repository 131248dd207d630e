"""The same error is one group, and another error is another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.telemetry.analysis.errors import error_key, group_errors, normalise_message
from opsterm.services.telemetry.analysis.slowest import Slowest, slowest
from opsterm.services.telemetry.model import ErrorEvent, Frame, Raised, Span, Transaction
from tests.unit.test_traces_analysis_shares import TRANSACTIONS

LIBRARY = Frame("flask/app.py", 9, "dispatch")
MINE = Frame("shop.py", 42, "cart", in_app=True)


def error(
    *frames: Frame, kind: str = "KeyError", value: str = "'user'", time: float = 1.0, name: str = ""
) -> ErrorEvent:
    return ErrorEvent("e", time, raised=(Raised("OSError", "cause"), Raised(kind, value, frames)), transaction=name)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (error(MINE), error(MINE, value="'other'"), True),
        (error(MINE), error(replace(MINE, line=43)), True),
        (error(LIBRARY, MINE), error(MINE), True),
        (error(MINE), error(MINE, kind="ValueError"), False),
        (error(MINE), error(replace(MINE, function="buy")), False),
        (error(MINE), error(replace(MINE, file="stock.py")), False),
        (error(LIBRARY), error(replace(LIBRARY, function="run")), False),
        (error(value="user 7"), error(value="user 8"), True),
        (error(value="user 7"), error(value="cart 7"), False),
        (ErrorEvent("e", 1, message="job 12 failed"), ErrorEvent("e", 1, message="job 13 failed"), True),
        (ErrorEvent("e", 1, message="job 12 failed"), ErrorEvent("e", 1, message="job 12 ended"), False),
        (ErrorEvent("e", 1), ErrorEvent("e", 1), True),
    ],
)
def test_errors_are_the_same_or_not(one: ErrorEvent, other: ErrorEvent, same: bool) -> None:
    assert (error_key(one) == error_key(other)) is same
    assert len(group_errors([one, other])) == 2 - same


@pytest.mark.parametrize(
    ("message", "normalised"),
    [
        ("user 7 not found", "user * not found"),
        ("took 12.5ms of 30s", "took * of *"),
        ("no file 'a b' or \"c\"", "no file * or *"),
        ("id 0b1e4c5a-98f7-4a9b-8f6e-6f1f0c3a2b1d", "id *"),
        ("at 0x7f12ab34 commit deadbeef12", "at * commit *"),
        ("v2 of facade", "v2 of facade"),
        ("", ""),
    ],
)
def test_a_message_loses_what_varies(message: str, normalised: str) -> None:
    assert normalise_message(message) == normalised


@given(st.text() | st.text("a1 '\"x0-*."))
def test_normalising_a_message_twice_is_normalising_it_once(message: str) -> None:
    once = normalise_message(message)
    assert normalise_message(once) == once


def test_a_group_has_its_figures() -> None:
    events = [
        error(MINE, value="'a'", time=5, name="GET /cart"),
        error(MINE, value="'c'", time=9, name="GET /cart"),
        error(MINE, value="'b'", time=7, name="GET /buy"),
        replace(error(LIBRARY, time=8), handled=False),
    ]
    first, second = group_errors(events)
    assert (first.title, first.count, first.first, first.last) == ("KeyError: 'c'", 3, 5, 9)
    assert first.transactions == {"GET /cart": 2, "GET /buy": 1}
    assert first.events == events[:3]
    assert first.handled
    assert (second.count, second.transactions, second.handled) == (1, {}, False)


@given(st.lists(st.builds(error, st.sampled_from([MINE, LIBRARY]), kind=st.sampled_from("ab"), time=st.floats(0, 9))))
def test_no_error_is_lost(events: list[ErrorEvent]) -> None:
    groups = group_errors(events)
    assert sum(group.count for group in groups) == len(events)
    assert sorted(id(each) for group in groups for each in group.events) == sorted(map(id, events))
    assert [group.last for group in groups] == sorted((group.last for group in groups), reverse=True)


def shop(seq: int, query: float, name: str = "GET /") -> Transaction:
    """A view with a query in it, and a template after it."""
    spans = (
        Span("v", "root", "view", "cart", 0, 5),
        Span("q", "v", "db", f"SELECT a FROM t WHERE i = {seq}", 0, query),
        Span("t", "root", "template", "cart.html", 5, 6),
    )
    return Transaction(name, f"{seq}", Span("root", "", "http.server", name, 0, 10), spans, seq=seq)


def test_the_slowest_spans_are_those_with_the_most_time_of_their_own() -> None:
    found = slowest(shop(0, 4.5))
    assert [(each.span.op, each.own, each.seconds) for each in found] == [
        ("db", 4.5, 4.5),
        ("template", 1, 1),
        ("view", 0.5, 5),
    ]
    assert len(slowest(shop(0, 4.5), most=1)) == 1


def test_over_all_the_like_is_there_once_with_its_worst() -> None:
    found = Slowest()
    for seq, query in enumerate((2, 4, 3)):
        found.add(shop(seq, query))
    found.add(shop(9, 1, "GET /other"))
    rows = found.rows()
    assert [(each.transaction.seq, each.span.op, each.own) for each in rows] == [
        (1, "db", 4),
        (9, "view", 4),
        (0, "view", 3),
        (0, "template", 1),
        (9, "db", 1),
        (9, "template", 1),
    ]
    found.clear()
    assert found.rows() == []


@given(st.lists(TRANSACTIONS, max_size=8), st.integers(1, 5))
def test_the_slowest_of_all_are_what_looking_at_all_finds(of: list[Transaction], most: int) -> None:
    found = Slowest(most)
    worst: dict[tuple[str, str, str], float] = {}
    for each in of:
        found.add(each)
        for slow in slowest(each, most=len(each.spans)):
            key = (each.name, slow.span.op, slow.text)
            worst[key] = max(worst.get(key, 0.0), slow.own)
    assert [slow.own for slow in found.rows()] == sorted(worst.values(), reverse=True)[:most]
