"""Groups say what asking all transactions anew would say, and two runs are compared with care."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.telemetry.analysis.compare import Comparison, Verdict, compare
from opsterm.services.telemetry.analysis.groups import BUCKETS, Group, Groups, Run
from opsterm.services.telemetry.analysis.operations import Kind
from opsterm.services.telemetry.analysis.percentile import percentile
from opsterm.services.telemetry.analysis.shares import shares
from opsterm.services.telemetry.model import Span, Transaction
from tests.unit.test_traces_analysis_shares import TRANSACTIONS

NOW = 1_700_000_040.0
"""A little into a minute."""


def made(
    seq: int, seconds: float, name: str = "GET /", at: float = NOW, status: str = "ok", queries: int = 0
) -> Transaction:
    start = at - seconds
    spans = tuple(
        Span(f"{n}", "root", "db", "SELECT 1", start + n * seconds / 10, start + (n + 1) * seconds / 10)
        for n in range(queries)
    )
    return Transaction(name, f"{seq}", Span("root", "", "http.server", name, start, at, status), spans, seq=seq)


def only(groups: Groups, now: float = NOW) -> Group:
    (row,) = groups.rows(now)
    return row


def test_a_group_has_its_figures() -> None:
    groups = Groups()
    for seq in range(100):
        groups.add(made(seq, (seq + 1) / 100, status="internal_error" if seq < 3 else "ok", queries=5))
    row = only(groups)
    assert (row.name, row.count, row.failed, row.last, row.queries) == ("GET /", 100, 0.03, NOW, 5)
    assert (row.p50, row.p95, row.max) == pytest.approx((0.50, 0.95, 1.00), abs=1e-6)
    assert row.rate == pytest.approx(100 / 60)
    assert row.shares == pytest.approx({Kind.DATABASE: 0.5, Kind.GAP: 0.5}, abs=1e-4)


def test_time_without_spans_is_the_program_s() -> None:
    groups = Groups()
    groups.add(made(0, 1))
    assert only(groups).shares == {Kind.APP: 1}


def test_the_rate_is_of_the_last_minute() -> None:
    groups = Groups()
    for seq in range(120):
        groups.add(made(seq, 0.1, at=NOW + seq))
    assert only(groups, NOW + 119).rate == 1
    assert only(groups, NOW + 149).rate == 0.5
    assert only(groups, NOW + 999).rate == 0
    assert groups.recent("GET /", NOW + 149).count == 30
    assert groups.recent("nobody", NOW).count == 0
    assert groups.recent("nobody", NOW).failed == 0


def test_the_series_has_a_mean_for_each_minute() -> None:
    groups = Groups()
    for seq, (minutes, seconds) in enumerate([(12, 9.0), (9, 1.0), (3, 2.0), (3, 4.0), (0, 5.0)]):
        groups.add(made(seq, seconds, at=NOW - 60 * minutes))
    assert only(groups).series == pytest.approx((1, 0, 0, 0, 0, 0, 3, 0, 0, 5))
    assert only(groups, NOW + 60).series == pytest.approx((0, 0, 0, 0, 0, 3, 0, 0, 5, 0))
    assert len(only(groups, NOW + 10_000).series) == BUCKETS


def test_when_it_came_may_be_told() -> None:
    groups = Groups()
    groups.add(made(0, 1, at=5), at=NOW)
    assert (only(groups).last, only(groups).rate) == (NOW, 1 / 60)


def test_the_same_transaction_counts_once() -> None:
    groups = Groups()
    groups.add(made(7, 1))
    groups.add(made(7, 1))
    assert only(groups).count == 1


def test_transactions_without_a_number_count_each() -> None:
    groups = Groups()
    groups.add(made(-1, 1))
    groups.add(made(-1, 1))
    groups.forget([made(-1, 1)])
    assert only(groups).count == 2


def test_a_name_without_transactions_goes() -> None:
    groups = Groups()
    groups.add(made(0, 1))
    groups.add(made(1, 1, "GET /other"))
    groups.forget([made(0, 1), made(55, 1)])
    assert groups.names() == ["GET /other"]
    assert groups.row("GET /", NOW) is None
    groups.clear()
    assert len(groups) == 0


def test_what_is_held_is_bounded_and_the_count_is_not() -> None:
    groups = Groups(limit=10)
    groups.add(made(0, 9, "GET /once"))
    for seq in range(1, 31):
        groups.add(made(seq, seq))
    row = only(groups)
    assert (row.count, row.p50, row.max) == (30, 25, 30)


def test_an_absurd_time_leaves_no_trace() -> None:
    groups = Groups()
    groups.add(made(0, 1, queries=5))
    groups.add(made(1, 1e300))
    groups.forget([made(1, 1e300)])
    assert only(groups).shares == pytest.approx({Kind.DATABASE: 0.5, Kind.GAP: 0.5}, abs=1e-4)


def asked(name: str, transactions: Sequence[Transaction]) -> tuple[object, ...]:
    """The figures of a name from all its transactions."""
    seconds = sorted(shares(each).seconds for each in transactions)
    queries = sum(sum(span.op == "db" for span in each.spans) for each in transactions)
    failed = sum(each.failed for each in transactions) / len(seconds)
    return (
        name,
        len(seconds),
        percentile(seconds, 50),
        percentile(seconds, 95),
        seconds[-1],
        failed,
        queries / len(seconds),
    )


@given(st.lists(st.tuples(st.sampled_from("abc"), TRANSACTIONS, st.booleans()), max_size=12))
def test_adding_and_forgetting_is_asking_anew(work: list[tuple[str, Transaction, bool]]) -> None:
    groups = Groups()
    kept: dict[str, list[Transaction]] = {}
    gone = []
    for seq, (name, each, forgotten) in enumerate(work):
        numbered = replace(each, name=name, seq=seq)
        groups.add(numbered)
        if forgotten:
            gone.append(numbered)
        else:
            kept.setdefault(name, []).append(numbered)
    groups.forget(gone)
    rows = groups.rows(NOW)
    assert {(row.name, row.count, row.p50, row.p95, row.max, row.failed, row.queries) for row in rows} == {
        asked(name, transactions) for name, transactions in kept.items()
    }
    for row in rows:
        assert not row.shares or math.isclose(sum(row.shares.values()), 1)


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0, 100))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(values: list[float], percent: float) -> None:
    found = percentile(sorted(values), percent)
    assert found in values

    def reached(value: float) -> bool:
        return sum(each <= value for each in values) >= len(values) * percent / 100

    assert reached(found)
    assert not any(reached(value) for value in values if value < found)


@given(st.lists(st.integers(0, 1000), min_size=2))
def test_a_percentile_lies_next_to_what_statistics_says(values: list[int]) -> None:
    between = statistics.quantiles(values, n=100, method="inclusive")[94]
    ordered = sorted(values)
    at = ordered.index(percentile(ordered, 95))
    assert ordered[max(0, at - 1)] <= between <= ordered[min(len(ordered) - 1, at + ordered.count(ordered[at]))]


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile([], 95) == 0


@pytest.mark.parametrize(
    ("before", "after", "text", "verdict"),
    [
        (Run(20, 0.510, 2), Run(20, 0.912, 43), "▲ +402 ms", Verdict.SLOWER),
        (Run(20, 0.912, 43), Run(20, 0.510, 2), "▼ −402 ms", Verdict.FASTER),
        (Run(20, 0.500, 1), Run(20, 0.549, 1), "≈", Verdict.SAME),  # within 10 %
        (Run(20, 0.010, 1), Run(20, 0.0145, 1), "≈", Verdict.SAME),  # within 5 ms
        (Run(4, 0.5, 1), Run(20, 0.9, 1), "≈", Verdict.SAME),
        (Run(20, 0.5, 1), Run(4, 0.9, 1), "≈", Verdict.SAME),
        (Run(0, 0, 0), Run(20, 0.9, 1), "", Verdict.NONE),
        (Run(20, 0.9, 1), Run(0, 0, 0), "", Verdict.NONE),
    ],
)
def test_runs_are_compared(before: Run, after: Run, text: str, verdict: Verdict) -> None:
    found = compare(before, after)
    assert (found.text, found.verdict) == (text, verdict)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (Run(9, 1, 43), Run(9, 1, 2), "43 → 2"),
        (Run(9, 1, 43), Run(9, 1, 43.01), "43"),
        (Run(9, 1, 1.5), Run(9, 1, 2), "1.5 → 2"),
        (Run(0, 0, 0), Run(9, 1, 2), ""),
    ],
)
def test_queries_are_compared(before: Run, after: Run, text: str) -> None:
    assert compare(before, after).queries_text == text


def test_a_mark_begins_another_run() -> None:
    groups = Groups()
    comparison = Comparison(groups)
    assert not comparison.marked
    for seq in range(10):
        groups.add(made(seq, 0.9, queries=8))
    assert comparison.of("GET /").text == ""
    comparison.mark()
    assert comparison.of("GET /").text == ""
    for seq in range(10, 20):
        groups.add(made(seq, 0.3, queries=2))
    assert comparison.marked
    assert comparison.of("GET /").text == "▼ −600 ms"
    assert comparison.of("GET /").queries_text == "8 → 2"
    assert comparison.of("GET /new").verdict is Verdict.NONE
    groups.forget([made(3, 0.9), made(12, 0.3)])
    assert (comparison.before["GET /"].count, comparison.of("GET /").after.count) == (10, 9)
    comparison.mark()
    comparison.mark()  # twice by mistake: nothing is lost
    for seq in range(30, 40):
        groups.add(made(seq, 0.9))
    assert comparison.of("GET /").text == "▲ +600 ms"
    comparison.clear()
    assert not comparison.marked
