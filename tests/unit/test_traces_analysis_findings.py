"""What is planted is found, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.telemetry.analysis.findings import Finding, Problem, findings
from opsterm.services.telemetry.analysis.words import duration
from opsterm.services.telemetry.model import Span, Transaction
from tests.unit.test_traces_analysis_shares import TRANSACTIONS

CART = "SELECT id, user FROM cart"


class Plan:
    """Spans one after another; times in milliseconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.spans: list[Span] = []

    def run(self, op: str, description: str, ms: float, parent: str = "root", pause: float = 0.1) -> Plan:
        start = 1_700_000_000 + self.now / 1e3
        self.spans.append(Span(f"{len(self.spans)}", parent, op, description, start, start + ms / 1e3))
        self.now += ms + pause
        return self

    def items(self, count: int, ms: float, what: str = "item") -> Plan:
        for number in range(count):
            self.run("db", f"SELECT a, b FROM {what} WHERE id = {number}", ms)
        return self

    @property
    def transaction(self) -> Transaction:
        root = Span("root", "", "http.server", "GET /slow", 1_700_000_000, 1_700_000_000 + self.now / 1e3)
        return Transaction("GET /slow", "t", root, tuple(reversed(self.spans)))

    @property
    def found(self) -> list[Finding]:
        return list(findings(self.transaction))


def test_an_n_plus_one_is_told_in_one_line() -> None:
    plan = Plan().run("db", CART, 18).items(42, 402 / 42)
    (found,) = plan.found
    assert found.text == "N+1: SELECT … FROM item WHERE id = ? ran ×42 in a row, 402 ms, after SELECT … FROM cart"
    assert found.problem is Problem.N_PLUS_ONE
    assert not found.minor
    assert found.source is plan.spans[0]
    assert found.spans == tuple(plan.spans[1:])
    assert found.seconds == pytest.approx(0.402, abs=1e-4)


def test_below_the_time_it_is_a_remark() -> None:
    (found,) = Plan().run("db", CART, 18).items(12, 38 / 12).found
    assert found.text == (
        "Repeated: SELECT … FROM item WHERE id = ? ran ×12 in a row, 38 ms, below the limit of 50 ms"
    )
    assert found.problem is Problem.REPEATED
    assert found.minor


def test_without_a_query_before_it_is_a_remark() -> None:
    (found,) = Plan().items(12, 30).found
    assert found.text.endswith("ran ×12 in a row, 360 ms, with no query before it")
    assert found.minor


@pytest.mark.parametrize("control", ["BEGIN", "connect", 'SAVEPOINT "s1_x2"', "SET search_path = x"])
def test_what_a_connection_needs_is_no_query_before_it(control: str) -> None:
    (found,) = Plan().run("db", control, 1).items(12, 30).found
    assert found.minor


def test_four_are_no_n_plus_one_and_five_are() -> None:
    assert Plan().run("db", CART, 1).items(4, 90).found == []
    assert [each.problem for each in Plan().run("db", CART, 1).items(5, 90).found] == [Problem.N_PLUS_ONE]


def test_another_query_between_ends_the_row_and_other_work_does_not() -> None:
    broken = Plan().run("db", CART, 1)
    whole = Plan().run("db", CART, 1)
    for number in range(8):
        broken.items(1, 20).run("db", "SELECT x FROM y", 1)
        whole.items(1, 20).run("function", f"price {number}", 5)
    assert broken.found == []
    assert [each.problem for each in whole.found] == [Problem.N_PLUS_ONE]


def test_queries_at_the_same_time_are_no_row() -> None:
    spans = [Span(f"{n}", "root", "db", "SELECT a FROM t WHERE i = 1", 1 + n / 100, 2.4) for n in range(9)]
    cart = Span("c", "root", "db", CART, 0, 1)
    problems = findings(Transaction("n", "t", Span("root", "", "", "", 0, 3), (cart, *spans)))
    assert {each.problem for each in problems} == {Problem.SLOW_QUERY}


def test_a_row_is_found_below_its_parent_though_others_run_beside_it() -> None:
    mine = [Span(f"a{n}", "left", "db", f"SELECT a FROM t WHERE i = {n}", n, n + 0.4) for n in range(1, 9)]
    other = [Span(f"b{n}", "right", "db", f"SELECT b FROM u WHERE i = {n}", n + 0.2, n + 0.6) for n in range(1, 9)]
    cart = Span("c", "root", "db", CART, 0, 0.1)
    found = findings(Transaction("n", "t", Span("root", "", "", "", 0, 9), (cart, *mine, *other)))
    assert [(each.problem, len(each.spans)) for each in found] == [(Problem.N_PLUS_ONE, 8)] * 2


def test_queries_that_were_cut_short_are_not_said_to_be_the_same() -> None:
    plan = Plan().run("db", CART, 1)
    for _ in range(9):
        plan.run("db", "SELECT a, b, c, d FROM…", 40)
    assert plan.found == []


@pytest.mark.parametrize(
    ("op", "description", "ms", "text"),
    [
        ("db", "SELECT a FROM t WHERE i = 5", 500.5, "Slow query: SELECT … FROM t WHERE i = ? took 500 ms"),
        ("db.sql.query", "select a from t", 1234, "Slow query: select … from t took 1.23 s"),
        ("db", "SELECT a FROM t", 499, None),
        ("db", "UPDATE t SET a = 1", 900, None),
        ("db", "SELECTED", 900, None),
        ("cache.get", "SELECT a FROM t", 900, None),
    ],
)
def test_a_slow_query_is_found(op: str, description: str, ms: float, text: str | None) -> None:
    assert [each.text for each in Plan().run(op, description, ms).found] == ([text] if text else [])


def test_a_query_that_is_slow_again_and_again_is_one_finding() -> None:
    (found,) = (
        Plan().run("db", "SELECT a FROM t WHERE i = 1", 600).run("db", "SELECT a FROM t WHERE i = 2", 800).found
    )
    assert found.text == "Slow query: SELECT … FROM t WHERE i = ? ran ×2, the slowest took 800 ms"


def get(plan: Plan, ms: float, pause: float = 1, what: str = "GET http://api/price/7") -> Plan:
    return plan.run("http.client", what, ms, pause=pause)


def test_requests_one_after_another_are_found() -> None:
    plan = get(get(get(Plan(), 1200), 1300), 1100, what="POST http://api/stock?x=1")
    (found,) = plan.found
    assert found.text == (
        "Consecutive HTTP: 3 requests one after another, 3.60 s; all at once 1.30 s: "
        "GET http://api/price/*, POST http://api/stock"
    )
    assert len(found.spans) == 3


@pytest.mark.parametrize(
    "plan",
    [
        get(get(Plan(), 3000), 3000),  # two only
        get(get(get(Plan(), 1000), 1000), 900),  # 1.9 s saved
        get(get(get(Plan(), 1500, pause=600), 1500), 1500),  # a pause
        get(get(get(get(Plan(), 1500), 1500), 400), 1500),  # a short one between
        get(get(get(Plan(), 1500, what="HEAD /x"), 1500, what="HEAD /x"), 1500),
        get(get(get(Plan(), 1500, what="GET _next/data/x"), 1500, what="GET /_next/static/x"), 1500),
    ],
)
def test_requests_within_the_limits_are_not_found(plan: Plan) -> None:
    assert plan.found == []


def test_a_method_may_be_told_beside_the_address() -> None:
    spans = [
        Span(f"{n}", "root", "http.client", "http://api/x", 2 * n, 2 * n + 1.9, data={"http.request.method": "get"})
        for n in range(3)
    ]
    found = findings(Transaction("n", "t", Span("root", "", "", "", 0, 6), tuple(spans)))
    assert [each.problem for each in found] == [Problem.CONSECUTIVE_HTTP]


def test_remarks_come_after_what_is_wrong() -> None:
    plan = Plan().run("db", CART, 1).items(6, 2, "small").items(6, 20).run("db", "SELECT z FROM z", 700)
    problems = [each.problem for each in plan.found]
    assert problems == [Problem.SLOW_QUERY, Problem.N_PLUS_ONE, Problem.REPEATED]


_HARMLESS = st.tuples(
    st.sampled_from(["db", "db.sql.query", "http.client", "function", "template.render", "cache.get"]),
    st.sampled_from(["SELECT a FROM t WHERE i = 1", "SELECT b FROM u", "GET http://x/1", "UPDATE t SET a = 2", "x"]),
    st.floats(0, 450),
)


@given(st.lists(_HARMLESS, max_size=40))
def test_nothing_is_found_in_what_is_within_the_limits(work: list[tuple[str, str, float]]) -> None:
    plan = Plan()
    for number, (op, description, ms) in enumerate(work):
        plan.run(op, description, ms)
        if number % 4 == 3:
            plan.run("db", f"SELECT only_{'x' * number} FROM once", 1)
    assert plan.found == []


@given(st.lists(_HARMLESS, max_size=10), st.integers(5, 60), st.floats(11, 400), st.lists(_HARMLESS, max_size=10))
def test_a_planted_n_plus_one_is_found(
    before: list[tuple[str, str, float]], count: int, ms: float, after: list[tuple[str, str, float]]
) -> None:
    plan = Plan().run("db", CART, 3)
    for each in before:
        plan.run(*each)
    first = len(plan.spans)
    plan.items(count, ms, "planted")
    planted = tuple(plan.spans[first:])
    for each in after:
        plan.run(*each)
    assert planted in [each.spans for each in plan.found if each.problem is Problem.N_PLUS_ONE]


@given(TRANSACTIONS)
def test_no_spans_are_too_odd(of: Transaction) -> None:
    for found in findings(of):
        assert found.text
        assert set(map(id, found.spans)) <= set(map(id, of.spans))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 ms"),
        (0.0004, "0.4 ms"),
        (0.402, "402 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (59.99, "59.99 s"),
        (59.996, "1 min 00 s"),
        (121, "2 min 01 s"),
        (float("nan"), "0.0 ms"),
        (-1, "0.0 ms"),
    ],
)
def test_times_are_written_as_everywhere(seconds: float, text: str) -> None:
    assert duration(seconds) == text
