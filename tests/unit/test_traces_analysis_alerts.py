"""Rules are read as they are meant, and an alert begins once and is over once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.telemetry.analysis.alerts import Alert, Alerts
from opsterm.services.telemetry.analysis.groups import Groups
from opsterm.services.telemetry.analysis.rules import BadRuleError, Metric, Rule, parse_rule
from opsterm.services.telemetry.model import ErrorEvent, Raised, Span, Transaction


@pytest.mark.parametrize(
    ("text", "metric", "percent", "limit", "hold", "name"),
    [
        ("p95 > 500ms for 1m", Metric.PERCENTILE, 95, 0.5, 60, "*"),
        ("p50>1.5s", Metric.PERCENTILE, 50, 1.5, 0, "*"),
        ("max > 2 s for 30 s", Metric.MAX, 0, 2, 30, "*"),
        ("failures > 5% for 5m", Metric.FAILURES, 0, 0.05, 300, "*"),
        ("Failures > 0 %", Metric.FAILURES, 0, 0, 0, "*"),
        ("rate > 20/s", Metric.RATE, 0, 20, 0, "*"),
        ("rate > 120/min for 1h", Metric.RATE, 0, 2, 3600, "*"),
        ("new error", Metric.NEW_ERROR, 0, 0, 0, "*"),
        ("on GET /slow* p95 > 500ms for 1m", Metric.PERCENTILE, 95, 0.5, 60, "GET /slow*"),
        ("p95 > 500ms for 1m on GET /slow", Metric.PERCENTILE, 95, 0.5, 60, "GET /slow"),
        ("p95 > 500ms on GET /slow for 1m", Metric.PERCENTILE, 95, 0.5, 60, "GET /slow"),
        ('p95 > 500ms on "wait for 1m"', Metric.PERCENTILE, 95, 0.5, 0, "wait for 1m"),
        ('on "GET /max > 5" max > 2s', Metric.MAX, 0, 2, 0, "GET /max > 5"),
        ("new error on POST *", Metric.NEW_ERROR, 0, 0, 0, "POST *"),
        ("on job new error", Metric.NEW_ERROR, 0, 0, 0, "job"),
    ],
)
def test_a_rule_is_read(text: str, metric: Metric, percent: int, limit: float, hold: float, name: str) -> None:
    rule = parse_rule(text)
    assert (rule.metric, rule.percent, rule.hold, rule.name) == (metric, percent, hold, name)
    assert rule.limit == pytest.approx(limit)
    assert rule.text == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "No condition."),
        ("slow > 5s", "No condition: slow > 5s"),
        ("p95x > 5s", "No condition: p95x > 5s"),
        ("p0 > 5s", "No percentile: p0."),
        ("p100 > 5s", "No percentile: p100."),
        ("p95", "p95 without a limit."),
        ("p95 < 5s", "p95 without a limit."),
        ("p95 > fast", "p95 without a limit."),
        ("p95 > 500", "p95 > 500: no unit of it."),
        ("p95 > 5%", "p95 > 5%: no unit of it."),
        ("failures > 5s", "failures > 5s: no unit of it."),
        ("failures > 100%", "More than 100 % cannot fail."),
        ("rate > 5", "rate > 5: no unit of it."),
        ("p95 > 5s for", "Not understood: for"),
        ("p95 > 5s for ever", "for ever: no time."),
        ("p95 > 5s for 5", "for 5: no time."),
        ("p95 > 5s at noon", "Not understood: at noon"),
        ("p95 > 1s on for 2m", "Not understood: on"),
        ("new error for 1m", "Not understood: for 1m"),
        ("on a p95 > 5s on b", "Two names in one rule."),
        ('p95 > 5s on ""', "An empty name."),
        ("on GET /slow", "No condition: on GET /slow"),
    ],
)
def test_what_is_no_rule_is_told_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(BadRuleError) as raised:
        parse_rule(text)
    assert raised.value.reason == reason
    assert raised.value.hint


_WORDS = """on for p95 max failures rate new error > 5 500ms 1m % /s 5% 20/s GET /slow * " ' p999999999999 1e9 µs"""


@given(st.lists(st.sampled_from(_WORDS.split()), max_size=9).map(" ".join) | st.text())
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        rule = parse_rule(text)
    except BadRuleError:
        return
    assert rule.name.strip()
    assert rule.limit >= 0
    assert parse_rule(rule.text) == rule


def test_a_name_in_full_is_meant_whatever_is_in_it() -> None:
    rule = parse_rule("max > 1s on GET /user/[id]")
    assert rule.concerns("GET /user/[id]")
    assert not rule.concerns("GET /user/7")
    assert parse_rule("max > 1s on GET /user/*").concerns("GET /user/7")


class Watched:
    """Alerts with a clock that the test turns."""

    def __init__(self, *rules: str) -> None:
        self.now = 1_700_000_000.0
        self.seq = 0
        self.groups = Groups()
        self.alerts = Alerts([parse_rule(rule) for rule in rules], lambda: self.now)

    def came(self, seconds: float, name: str = "GET /", status: str = "ok") -> None:
        root = Span("root", "", "http.server", name, self.now - seconds, self.now, status)
        self.groups.add(Transaction(name, f"{self.seq}", root, seq=self.seq), self.now)
        self.seq += 1

    def check(self, passed: float = 1) -> list[tuple[str, bool]]:
        self.now += passed
        return [(alert.text, alert.over) for alert in self.alerts.check(self.groups)]


def test_an_alert_begins_when_it_has_held_long_enough_and_only_once() -> None:
    watched = Watched("p95 > 500ms for 1m")
    began = []
    for second in range(90):
        watched.came(0.9)
        began += [(second, text) for text, _ in watched.check()]
    assert began == [(60, "GET /: p95 900 ms, over 500 ms for 1 min")]
    (alert,) = watched.alerts.active
    assert (alert.name, alert.value, alert.since) == ("GET /", pytest.approx(0.9, abs=1e-6), 1_700_000_001)


def test_an_alert_is_over_when_its_condition_no_longer_holds() -> None:
    watched = Watched("max > 500ms")
    watched.came(0.9)
    assert watched.check() == [("GET /: max 900 ms, over 500 ms", False)]
    assert watched.check() == []
    watched.came(0.1)
    assert watched.check(30) == []
    assert watched.check(30) == [("GET /: max 900 ms, over 500 ms", True)]
    assert watched.alerts.active == ()
    watched.came(0.9)
    assert [over for _, over in watched.check()] == [False]


def test_a_condition_that_did_not_hold_in_between_begins_anew() -> None:
    watched = Watched("p50 > 500ms for 10s")
    watched.came(0.9)
    assert watched.check(5) == []
    assert watched.check(4) == []
    for _ in range(3):
        watched.came(0.1)
    assert watched.check(5) == []
    for _ in range(9):
        watched.came(0.9)
    assert watched.check(1) == []
    assert watched.check(9) == []
    assert len(watched.check(1)) == 1


def test_failures_and_rates_are_watched() -> None:
    watched = Watched("failures > 5%", "rate > 1/s")
    for number in range(90):
        watched.came(0.1, status="internal_error" if number < 9 else "ok")
    assert watched.check() == [("GET /: 10.0 % failed, over 5 %", False), ("GET /: 1.5/s, over 1/s", False)]


def test_each_name_has_its_own_alert_and_others_have_none() -> None:
    watched = Watched("max > 500ms on GET *")
    for name in ("GET /a", "GET /b", "POST /a"):
        watched.came(0.9, name)
    assert [text[:6] for text, _ in watched.check()] == ["GET /a", "GET /b"]


def test_a_name_that_is_forgotten_ends_its_alert() -> None:
    watched = Watched("max > 500ms")
    watched.came(0.9)
    watched.check()
    watched.groups.clear()
    assert [over for _, over in watched.check()] == [True]


def error(kind: str, name: str = "GET /") -> ErrorEvent:
    return ErrorEvent("e", 1, raised=(Raised(kind, "x"),), transaction=name)


def test_a_new_error_is_told_once_and_over_a_minute_after_it_was_seen_last() -> None:
    watched = Watched("new error on GET *", "new error on POST *")
    watched.alerts.note(error("KeyError"))
    watched.alerts.note(error("KeyError"))
    watched.alerts.note(error("OSError", "PUT /"))
    assert watched.check() == [("GET /: new error KeyError: x", False)]
    assert watched.check(50) == []
    watched.alerts.note(error("KeyError"))
    assert watched.check(50) == []
    assert watched.check(10) == [("GET /: new error KeyError: x", True)]
    watched.alerts.note(error("KeyError"))
    assert watched.check() == []


def test_a_clock_that_is_set_back_does_no_harm() -> None:
    watched = Watched("max > 500ms for 10s")
    watched.came(0.9)
    watched.check()
    watched.now -= 3600
    watched.came(0.9)
    assert watched.check() == []
    assert len(watched.check(10)) == 1


@given(st.lists(st.tuples(st.floats(0, 2), st.sampled_from("ab"), st.integers(0, 40)), max_size=30))
def test_alerts_begin_and_end_in_turn(work: list[tuple[float, str, int]]) -> None:
    watched = Watched("p95 > 1s for 20s", "max > 1.5s", "failures > 10%")
    told: dict[tuple[Rule, str], list[bool]] = {}
    for seconds, name, passed in work:
        watched.came(seconds, name)
        watched.now += passed
        for alert in watched.alerts.check(watched.groups):
            told.setdefault((alert.rule, alert.name), []).append(alert.over)
    active = {(alert.rule, alert.name) for alert in watched.alerts.active}
    for key, turns in told.items():
        assert turns == [bool(number % 2) for number in range(len(turns))]
        assert (key in active) is not turns[-1]
    assert active <= told.keys()
    assert all(isinstance(alert, Alert) and not alert.over for alert in watched.alerts.active)
