"""The shares of a transaction are its whole, whatever its spans are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.telemetry.analysis.operations import Kind, is_query, kind_of
from opsterm.services.telemetry.analysis.shares import shares
from opsterm.services.telemetry.analysis.tree import MAX_DEPTH, tree
from opsterm.services.telemetry.model import Span, Transaction

BASE = 1_700_000_000.0


def span(name: str, parent: str, op: str, start: float, end: float) -> Span:
    return Span(name, parent, op, name, BASE + start, BASE + end)


def transaction(seconds: float, *spans: Span) -> Transaction:
    return Transaction("GET /", "trace", span("root", "", "http.server", 0, seconds), spans)


def parts(of: Transaction) -> dict[str, float]:
    found = shares(of)
    return {node.span.span_id: round(part, 6) for node, part in zip(found.nodes, found.parts, strict=True)}


@pytest.mark.parametrize(
    ("op", "kind"),
    [
        ("db", Kind.DATABASE),
        ("db.sql.query", Kind.DATABASE),
        ("cache.get", Kind.DATABASE),
        ("dbus", Kind.OTHER),
        ("http.client", Kind.HTTP),
        ("http.client.stream", Kind.HTTP),
        ("http.server", Kind.APP),
        ("grpc.client", Kind.HTTP),
        ("template.render", Kind.TEMPLATE),
        ("view.render", Kind.TEMPLATE),
        ("view.authenticate", Kind.APP),
        ("queue.process", Kind.APP),
        ("queue.publish", Kind.OTHER),
        ("middleware.django", Kind.APP),
        ("", Kind.APP),
        ("serialize", Kind.OTHER),
        ("DB.Query", Kind.DATABASE),
    ],
)
def test_an_operation_is_of_a_kind(op: str, kind: Kind) -> None:
    assert kind_of(op) is kind


@pytest.mark.parametrize("op", ["db", "db.query", "db.sql.query"])
def test_queries_are_queries(op: str) -> None:
    assert is_query(op)


@pytest.mark.parametrize("op", ["cache.get", "db.redis", "db.connection", "db.cursor.fetch", "http.client", ""])
def test_other_work_is_no_query(op: str) -> None:
    assert not is_query(op)


def test_spans_one_after_another_have_their_time_and_the_rest_is_a_gap() -> None:
    found = shares(transaction(10, span("a", "root", "db", 1, 4), span("b", "root", "http.client", 4, 6)))
    assert found.by_kind() == pytest.approx({Kind.GAP: 0.5, Kind.DATABASE: 0.3, Kind.HTTP: 0.2})
    assert list(found.by_kind()) == [Kind.GAP, Kind.DATABASE, Kind.HTTP]
    assert found.by_op() == pytest.approx({"gap": 0.5, "db": 0.3, "http.client": 0.2})


def test_a_parent_has_what_its_children_leave() -> None:
    found = transaction(10, span("view", "root", "function", 0, 10), span("a", "view", "db", 2, 5))
    assert parts(found) == {"root": 0, "view": 7, "a": 3}


def test_side_by_side_spans_share_each_instant() -> None:
    found = transaction(10, span("a", "root", "db", 0, 10), span("b", "root", "http.client", 0, 4))
    assert parts(found) == {"root": 0, "a": 8, "b": 2}
    assert [round(own, 6) for own in shares(found).own] == [0, 10, 4]


def test_a_span_that_outlives_its_parent_keeps_its_time() -> None:
    found = transaction(10, span("a", "root", "function", 0, 2), span("b", "a", "db", 1, 8))
    assert parts(found) == {"root": 2, "a": 1, "b": 7}


def test_a_span_that_begins_before_its_parent_is_no_less_below_it() -> None:
    found = transaction(10, span("a", "root", "function", 4, 9), span("b", "a", "db", 2, 6))
    assert parts(found) == {"root": 3, "a": 3, "b": 4}


def test_a_transaction_without_spans_is_no_gap() -> None:
    assert shares(transaction(3)).by_kind() == {Kind.APP: 1.0}


def test_a_transaction_without_length_still_adds_up() -> None:
    assert shares(transaction(0, span("a", "root", "db", 0, 0))).by_kind() == {Kind.GAP: 1.0}


def test_what_lies_outside_the_transaction_is_cut_off() -> None:
    assert parts(transaction(10, span("a", "root", "db", -5, 3), span("b", "root", "db", 9, 99))) == {
        "root": 6,
        "a": 3,
        "b": 1,
    }


def test_a_span_without_a_known_parent_hangs_below_the_root() -> None:
    nodes = tree(transaction(10, span("a", "nobody", "db", 1, 2)))
    assert (nodes[1].parent, nodes[1].depth, nodes[0].children) == (0, 1, [1])


def test_spans_that_are_each_other_s_parents_hang_below_the_root() -> None:
    nodes = tree(transaction(10, span("a", "b", "db", 1, 2), span("b", "a", "db", 3, 4), span("c", "c", "db", 5, 6)))
    assert [(node.span.span_id, node.parent, node.depth) for node in nodes] == [
        ("root", -1, 0),
        ("a", 0, 1),
        ("b", 1, 2),
        ("c", 0, 1),
    ]


def test_a_long_chain_is_no_deeper_than_can_be_shown() -> None:
    chain = [span(f"{n}", f"{n - 1}" if n else "root", "db", n / 1000, n / 1000 + 0.001) for n in range(1000)]
    nodes = tree(transaction(1, *chain))
    assert max(node.depth for node in nodes) == MAX_DEPTH
    assert math.isclose(sum(shares(transaction(1, *chain)).parts), 1)


_TIMES = st.one_of(st.integers(-3, 15).map(float), st.floats(-1, 12), st.floats())
_IDS = st.sampled_from(["root", *"abcdefgh", ""])
SPANS = st.builds(
    span, _IDS, _IDS, st.sampled_from(["db", "http.client", "template", "function", "x", ""]), _TIMES, _TIMES
)
TRANSACTIONS = st.builds(
    lambda root, spans: Transaction("n", "t", root, tuple(spans)),
    st.builds(span, st.just("root"), _IDS, st.just("http.server"), st.just(0.0) | _TIMES, st.just(10.0) | _TIMES),
    st.lists(SPANS, max_size=30),
)


@given(TRANSACTIONS)
def test_shares_add_up_for_any_spans(of: Transaction) -> None:
    found = shares(of)
    assert math.isclose(sum(found.parts), found.seconds, rel_tol=1e-9, abs_tol=1e-9)
    assert abs(sum(found.by_kind().values()) - 1) < 1e-9
    assert abs(sum(found.by_op().values()) - 1) < 1e-9
    for node, own, part in zip(found.nodes, found.own, found.parts, strict=True):
        assert -1e-9 * (1 + found.seconds) <= part <= own + 1e-9 * (1 + found.seconds)
        assert own <= node.seconds + 1e-9 * (1 + found.seconds)


@given(TRANSACTIONS)
def test_every_span_has_one_place_in_the_tree(of: Transaction) -> None:
    nodes = tree(of)
    assert sorted(id(node.span) for node in nodes) == sorted(id(each) for each in (of.root, *of.spans))
    seen = [0]
    for index in seen:
        for child in nodes[index].children:
            assert (nodes[child].parent, nodes[child].depth) == (index, nodes[index].depth + 1)
        assert nodes[index].children == sorted(nodes[index].children)
        seen.extend(nodes[index].children)
    assert sorted(seen) == list(range(len(nodes)))
    for node in nodes:
        assert 0 <= node.start <= node.end <= nodes[0].end


def slowly(of: Transaction, steps: int) -> list[float]:
    """The same rule, instant by instant."""
    nodes = tree(of)
    found = [0.0] * len(nodes)
    for step in range(steps):
        now = nodes[0].end * (step + 0.5) / steps
        active = {index for index, node in enumerate(nodes) if node.start <= now < node.end}
        above = set()
        for index in active:
            while (index := nodes[index].parent) >= 0:
                above.add(index)
        leaves = active - above
        for leaf in leaves:
            found[leaf] += nodes[0].end / steps / len(leaves)
    return found


@given(
    st.lists(
        st.builds(span, _IDS, _IDS, st.just("db"), st.integers(0, 20).map(float), st.integers(0, 20).map(float)),
        max_size=12,
    )
)
def test_the_sweep_is_what_asking_each_instant_gives(spans: list[Span]) -> None:
    of = transaction(20, *spans)
    assert shares(of).parts == pytest.approx(slowly(of, 40), abs=1e-6)
