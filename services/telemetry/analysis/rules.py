"""What the user wants to be told of, in one line: `p95 > 500ms for 1m`, `failures > 5% on GET /cart*`, `new error`.

    [on NAME] pNN|max > TIME          [for TIME] [on NAME]
    [on NAME] failures > PERCENT%     [for TIME] [on NAME]
    [on NAME] rate > NUMBER/s|/min    [for TIME] [on NAME]
    [on NAME] new error                          [on NAME]

NAME is that of a transaction, with `*` and `?` as in file names, in quotes where it would be misread.
TIME has a unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

from opsterm.services.telemetry.errors import TelemetryError

_FRONT = re.compile(
    r'on (?:"(?P<quoted>[^"]*)"|(?P<name>.+?)) (?=(?:p\d|max\b|failures\b|rate\b|new\b))', re.IGNORECASE
)
_METRIC = re.compile(r"(?P<metric>p(?P<percent>\d+)|max|failures|rate|new error)(?![\w])", re.IGNORECASE)
_LIMIT = re.compile(r" ?> ?(?P<number>\d{1,9}(?:\.\d{1,9})?) ?(?P<unit>[^\s\d]*)")
_TIME = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?) ?(?P<unit>[a-zµ]*)", re.IGNORECASE)
_HOLD = re.compile(r" for (?P<time>\S+(?: (?!on\b)[a-zµ]+)?)(?= on |$)", re.IGNORECASE)
_UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_RATES = {"/s": 1.0, "/m": 1 / 60, "/min": 1 / 60}
_CONDITIONS = "Write p95, max, failures, rate or new error, such as: p95 > 500ms for 1m."


class BadRuleError(TelemetryError, ValueError):
    """A rule of an alert that cannot be understood."""


class Metric(Enum):
    """What a rule looks at, over the last minute."""

    PERCENTILE = "percentile"
    MAX = "max"
    FAILURES = "failures"
    RATE = "rate"
    NEW_ERROR = "new error"


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that holds where `metric` is over `limit`: seconds, a share of 1, or transactions per second."""

    text: str
    """As it was written."""
    metric: Metric
    limit: float = 0.0
    percent: int = 0
    """Of a percentile, which."""
    hold: float = 0.0
    """For how many seconds it must hold before the alert begins."""
    name: str = "*"
    """Of which transactions."""

    def concerns(self, name: str) -> bool:
        """Whether it looks at transactions of that name. One that is written in full is meant, whatever is in it."""
        return name == self.name or fnmatchcase(name, self.name)


def parse_rule(text: str) -> Rule:
    """The rule that `text` is; raises BadRuleError, which says in one line what is not understood."""
    written = " ".join(text.split())
    front = _FRONT.match(written)
    rest = written[front.end() :] if front else written
    names = [front["quoted"] if front["quoted"] is not None else front["name"]] if front else []
    found = _METRIC.match(rest)
    if not found:
        raise BadRuleError(f"No condition: {rest}" if rest else "No condition.", _CONDITIONS)
    word = found["metric"].casefold()
    percent = int(found["percent"][:9]) if found["percent"] else 0
    if found["percent"] and not 1 <= percent <= 99:
        raise BadRuleError(f"No percentile: {word}.", "Write p1 to p99.")
    metric = Metric.PERCENTILE if percent else Metric(word)
    rest = rest[found.end() :]
    limit = hold = 0.0
    if metric is not Metric.NEW_ERROR:
        limit, rest = _limit(metric, word, rest)
        hold, rest = _hold(rest)
    if rest[:4].casefold() == " on ":
        names.append(_unquoted(rest[4:]))
        rest = ""
    if rest:
        raise BadRuleError(f"Not understood: {rest.strip()}", f"After {word} comes: [> LIMIT] [for TIME] [on NAME].")
    if len(names) > 1:
        raise BadRuleError("Two names in one rule.", "Write a rule for each, or one name with *.")
    if names and not names[0].strip():
        raise BadRuleError("An empty name.", "Leave out on, or name a transaction, such as: on GET /cart*.")
    return Rule(written, metric, limit, percent, hold, names[0] if names else "*")


def _limit(metric: Metric, word: str, rest: str) -> tuple[float, str]:
    examples = {Metric.FAILURES: "failures > 5%", Metric.RATE: "rate > 20/s"}
    example = f"Such as: {examples.get(metric, f'{word} > 500ms')}."
    found = _LIMIT.match(rest)
    if not found:
        raise BadRuleError(f"{word} without a limit.", example)
    number, unit = float(found["number"]), found["unit"].casefold()
    units = {Metric.FAILURES: {"%": 0.01}, Metric.RATE: _RATES}.get(metric, _UNITS)
    if unit not in units:
        raise BadRuleError(f"{word} > {found['number']}{found['unit']}: no unit of it.", example)
    if metric is Metric.FAILURES and number >= 100:
        raise BadRuleError("More than 100 % cannot fail.", example)
    return number * units[unit], rest[found.end() :]


def _hold(rest: str) -> tuple[float, str]:
    """`for TIME` stands before the name or after it."""
    found = _HOLD.match(rest) or re.search(r' for (?P<time>\d[^\s"]*(?: ?[a-zµ]+)?)$', rest, re.IGNORECASE)
    if not found:
        return 0.0, rest
    time = _TIME.fullmatch(found["time"])
    if not time or time["unit"].casefold() not in _UNITS:
        raise BadRuleError(f"for {found['time']}: no time.", "Such as: for 1m.")
    seconds = float(time["number"]) * _UNITS[time["unit"].casefold()]
    return seconds, rest[: found.start()] + rest[found.end() :]


def _unquoted(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] == '"' else name
