"""The rows of a waterfall have everything that was reported, once and in its place."""

from __future__ import annotations

import math

from hypothesis import given

from opsterm.services.telemetry.analysis.operations import Kind
from opsterm.services.telemetry.analysis.shares import shares
from opsterm.services.telemetry.analysis.waterfall import FOLD, Row, waterfall
from opsterm.services.telemetry.model import Span, Transaction
from tests.unit.test_traces_analysis_shares import TRANSACTIONS, span, transaction


def query(number: int, start: float, end: float, parent: str = "root", what: str = "item") -> Span:
    return Span(f"q{number}", parent, "db", f"SELECT a, b FROM {what} WHERE id = {number}", start, end)


def shop() -> Transaction:
    """Queries of 10 ms with 1 ms between them, then nothing, then a request; the first query is another."""
    cart = query(0, 0, 0.01, what="cart")
    items = [query(n, 0.011 * n, 0.011 * n + 0.01) for n in range(1, 43)]
    price = Span("p", "root", "http.client", "GET http://api/price", 0.6, 0.8)
    root = Span("root", "", "http.server", "GET /slow", 0, 1)
    return Transaction("GET /slow", "t", root, (price, *reversed(items), cart))


def shown(row: Row) -> tuple[str, str, str, int, bool]:
    return (row.key, row.op, row.text, row.count, row.gap)


def test_the_like_are_folded_and_gaps_have_rows() -> None:
    rows = waterfall(shares(shop()))
    assert [shown(row) for row in rows] == [
        ("s0", "http.server", "GET /slow", 1, False),
        ("s1", "db", "SELECT a, b FROM cart WHERE id = 0", 1, False),
        ("f2", "db", "SELECT … FROM item WHERE id = ?", 42, False),
        ("g0", "", "not instrumented", 0, True),
        ("s44", "http.client", "GET http://api/price", 1, False),
        ("g1", "", "not instrumented", 0, True),
    ]
    fold = rows[2]
    assert math.isclose(fold.seconds, 0.42)
    assert math.isclose(fold.start, 0.011)
    assert math.isclose(fold.end, 0.011 * 42 + 0.01)
    assert [row.kind for row in rows[3:]] == [Kind.GAP, Kind.HTTP, Kind.GAP]
    assert [row.lines for row in rows] == [(), (True,), (True,), (True,), (True,), (False,)]


def test_an_opened_fold_keeps_its_row_and_shows_its_spans() -> None:
    rows = waterfall(shares(shop()), opened={"f2"})
    at = next(place for place, row in enumerate(rows) if row.key == "f2")
    assert rows[at].opened
    inside = rows[at + 1 : at + 43]
    assert [row.text for row in inside][:2] == [
        "SELECT a, b FROM item WHERE id = 1",
        "SELECT a, b FROM item WHERE id = 2",
    ]
    assert {row.depth for row in inside} == {2}
    assert [row.lines for row in inside][-1] == (True, False)
    assert rows[at + 43].gap


def test_few_of_the_like_and_those_with_something_below_are_not_folded() -> None:
    few = [query(n, n, n + 1) for n in range(FOLD - 1)]
    assert [row.count for row in waterfall(shares(transaction(10, *few)))][:3] == [1, 1, 1]
    views = [span(f"v{n}", "root", "view", n, n + 1) for n in range(5)]
    inner = [span(f"i{n}", f"v{n}", "db", n, n + 0.5) for n in range(5)]
    assert all(not row.fold for row in waterfall(shares(transaction(5, *views, *inner))))


def test_a_failed_span_shows_through_its_fold() -> None:
    spans = [Span(f"{n}", "root", "db", "SELECT 1", n, n + 1, "internal_error" if n == 2 else "ok") for n in range(4)]
    rows = waterfall(shares(Transaction("n", "t", Span("root", "", "", "", 0, 4), tuple(spans))))
    assert [row.failed for row in rows] == [False, True]


def test_a_short_pause_is_no_gap() -> None:
    def gaps(seconds: float, pause: float) -> int:
        root = Span("root", "", "", "", 0, seconds)
        whole = Span("a", "root", "db", "x", 0, seconds - pause)
        return sum(row.gap for row in waterfall(shares(Transaction("n", "t", root, (whole,)))))

    assert gaps(0.1, 0.004) == 0
    assert gaps(0.1, 0.006) == 1
    assert gaps(10, 0.05) == 0
    assert gaps(10, 0.2) == 1


@given(TRANSACTIONS)
def test_every_span_has_one_row_and_every_row_its_place(of: Transaction) -> None:
    found = shares(of)
    rows = waterfall(found)
    assert sorted(id(each) for row in rows for each in row.spans) == sorted(id(each) for each in (of.root, *of.spans))
    assert len({row.key for row in rows}) == len(rows)
    before: dict[int, Row] = {}
    for row in rows:
        assert 0 <= row.start <= row.end <= 1
        if row.depth and row.depth in before and before[row.depth].lines[:-1] == row.lines[:-1]:
            assert before[row.depth].start <= row.start
        before = {depth: each for depth, each in before.items() if depth < row.depth} | {row.depth: row}
        assert all(depth in before for depth in range(row.depth))


@given(TRANSACTIONS)
def test_no_span_was_active_in_a_gap(of: Transaction) -> None:
    found = shares(of)
    gaps = [row for row in waterfall(found) if row.gap]
    for gap in gaps:
        for node in found.nodes[1:]:
            start, end = node.start / found.seconds, node.end / found.seconds
            assert min(end, gap.end) - max(start, gap.start) <= 1e-9
    assert sum(gap.seconds for gap in gaps) <= found.parts[0] * (1 + 1e-9) + 1e-9


@given(TRANSACTIONS)
def test_opening_folds_loses_nothing(of: Transaction) -> None:
    found = shares(of)
    folded = waterfall(found)
    keys = {row.key for row in folded if row.fold}
    opened = waterfall(found, keys)
    assert [row.key for row in opened if row.key in {each.key for each in folded}] == [row.key for row in folded]
    assert len(opened) == len(folded) + sum(row.count for row in folded if row.fold)
