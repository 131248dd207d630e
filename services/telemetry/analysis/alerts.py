"""Watches whether what the rules say holds, and tells when it begins and when it is over."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from opsterm.services.telemetry.analysis.errors import ErrorKey, error_key
from opsterm.services.telemetry.analysis.groups import RECENT_SECONDS, Groups, Recent
from opsterm.services.telemetry.analysis.percentile import percentile
from opsterm.services.telemetry.analysis.rules import Metric, Rule
from opsterm.services.telemetry.analysis.words import duration
from opsterm.services.telemetry.model import ErrorEvent

_MOST_ERRORS = 5_000
"""Kinds of errors that are remembered; the one that was not seen for the longest time is new again after that."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that holds for the transactions of a `name`, or did."""

    rule: Rule
    name: str
    text: str
    """In one line: `GET /slow: p95 912 ms, over 500 ms for 1 min`."""
    since: float
    """When it began to hold, in seconds since the epoch."""
    value: float = 0.0
    """What was measured last: seconds, a share of 1, or transactions per second."""
    error: ErrorEvent | None = None
    over: bool = False
    """Whether it no longer holds."""


_Key = tuple[int, str]


class Alerts:
    """The state of all rules. Look often: once a second. `clock` gives seconds since the epoch.

    A figure is over the last minute. An alert begins once, when its condition was found to hold each time for as long
    as the rule says, and is over when it does not, or when no transaction came for a minute. A new error is over when
    it was not seen for a minute.
    """

    def __init__(self, rules: Iterable[Rule], clock: Callable[[], float] = time.time) -> None:
        self.rules = tuple(rules)
        self._clock = clock
        self._since: dict[_Key, float] = {}
        self._active: dict[_Key | tuple[int, ErrorKey], Alert] = {}
        self._seen: OrderedDict[ErrorKey, float] = OrderedDict()
        self._new: list[tuple[int, ErrorKey, ErrorEvent]] = []

    @property
    def active(self) -> Sequence[Alert]:
        """All that hold, the one that began first first."""
        return tuple(self._active.values())

    def note(self, error: ErrorEvent) -> None:
        """Hear of an error that came."""
        key = error_key(error)
        if key not in self._seen:
            for number, rule in enumerate(self.rules):
                if rule.metric is Metric.NEW_ERROR and rule.concerns(error.transaction):
                    self._new.append((number, key, error))
        self._seen[key] = self._clock()
        self._seen.move_to_end(key)
        if len(self._seen) > _MOST_ERRORS:
            self._seen.popitem(last=False)

    def check(self, groups: Groups) -> Sequence[Alert]:
        """Look at the figures now; returns the alerts that began, and those that are over (`over`)."""
        now = self._clock()
        changed = [*self._check_errors(now)]
        held: set[_Key] = set()
        watching = [(number, rule) for number, rule in enumerate(self.rules) if rule.metric is not Metric.NEW_ERROR]
        for name in groups.names() if watching else ():
            concerned = [each for each in watching if each[1].concerns(name)]
            recent = groups.recent(name, now) if concerned else None
            if not recent or not recent.count:
                continue
            for number, rule in concerned:
                value = _measure(rule, recent)
                if value > rule.limit:
                    held.add((number, name))
                    changed.extend(self._hold((number, name), rule, value, now))
        for key in [key for key in self._since if key not in held]:
            del self._since[key]
            if key in self._active:
                changed.append(replace(self._active.pop(key), over=True))
        return changed

    def _hold(self, key: _Key, rule: Rule, value: float, now: float) -> Sequence[Alert]:
        since = min(now, self._since.setdefault(key, now))
        self._since[key] = since
        if now - since < rule.hold:
            return ()
        began = key not in self._active
        alert = self._active[key] = Alert(rule, key[1], _text(rule, key[1], value), since, value)
        return (alert,) if began else ()

    def _check_errors(self, now: float) -> Sequence[Alert]:
        changed = []
        for number, error_kind, error in self._new:
            rule = self.rules[number]
            where = f"{error.transaction}: " if error.transaction else ""
            text = f"{where}new error {error.title}"
            alert = self._active[number, error_kind] = Alert(rule, error.transaction, text, now, 1.0, error)
            changed.append(alert)
        self._new.clear()
        for key in list(self._active):
            last = self._seen.get(key[1], 0.0) if isinstance(key[1], tuple) else now
            if abs(now - last) >= RECENT_SECONDS:
                changed.append(replace(self._active.pop(key), over=True))
        return changed


def _measure(rule: Rule, recent: Recent) -> float:
    if rule.metric is Metric.PERCENTILE:
        return percentile(recent.ordered, rule.percent)
    if rule.metric is Metric.MAX:
        return recent.ordered[-1]
    return recent.failed if rule.metric is Metric.FAILURES else recent.count / RECENT_SECONDS


def _text(rule: Rule, name: str, value: float) -> str:
    held = f"{rule.hold:g} s" if rule.hold % 60 else f"{rule.hold / 60:g} min"
    held = f" for {held}" if rule.hold else ""
    if rule.metric is Metric.FAILURES:
        return f"{name}: {value * 100:.1f} % failed, over {rule.limit * 100:g} %{held}"
    if rule.metric is Metric.RATE:
        return f"{name}: {value:.1f}/s, over {rule.limit:.3g}/s{held}"
    word = f"p{rule.percent}" if rule.percent else "max"
    return f"{name}: {word} {duration(value)}, over {duration(rule.limit)}{held}"
