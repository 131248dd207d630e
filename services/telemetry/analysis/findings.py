"""What is wrong with a transaction, by the limits that Sentry documents.

- N+1: https://docs.sentry.io/product/issues/performance-issues/n-one-queries/
- slow query: https://docs.sentry.io/product/issues/performance-issues/slow-db-queries/
- consecutive HTTP: https://docs.sentry.io/product/issues/performance-issues/consecutive-http/

Sentry wants a slow query to be seen a hundred times a day; here, where one looks at one transaction, once is enough.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from opsterm.services.telemetry.analysis.operations import Kind, is_query, kind_of
from opsterm.services.telemetry.analysis.queries import abbreviated, is_cut, normalise_sql, normalise_url, similar
from opsterm.services.telemetry.analysis.words import duration
from opsterm.services.telemetry.model import Span, Transaction

N_PLUS_ONE_COUNT = 5
N_PLUS_ONE_SECONDS = 0.05
"""All of them together must take longer."""
SLOW_QUERY_SECONDS = 0.5
HTTP_COUNT = 3
HTTP_SECONDS = 0.5
"""Each must take longer."""
HTTP_PAUSE_SECONDS = 0.5
"""No more may lie between one and the next."""
HTTP_SAVED_SECONDS = 2.0
"""Asking all at once must save more."""
_TOUCH = 2e-6
"""Seconds by which two spans may overlap and still follow each other: times are told in microseconds, and rounded."""
_CONTROL = re.compile(r"(?:BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|PRAGMA|CONNECT)\b", re.IGNORECASE)
"""What begins and ends a connection or its transactions: no query that could be asked once instead."""
_METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH")
_STATIC = re.compile(r"/?_next/(?:static|data)/")


class Problem(Enum):
    """What can be found. The value is how it is called."""

    N_PLUS_ONE = "N+1"
    SLOW_QUERY = "Slow query"
    CONSECUTIVE_HTTP = "Consecutive HTTP"
    REPEATED = "Repeated"
    """As N+1, but below a limit of it: a remark, no finding that would be reported."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, in one line of `text`. `seconds` is the time that its `spans` took together."""

    problem: Problem
    text: str
    spans: tuple[Span, ...]
    """By their start."""
    seconds: float
    source: Span | None = None
    """Of an N+1 the query before, the one that had the N rows."""

    @property
    def minor(self) -> bool:
        """Whether it is a remark only, not counted among the findings."""
        return self.problem is Problem.REPEATED


def findings(transaction: Transaction) -> Sequence[Finding]:
    """What is wrong with a transaction: what would be reported first, then remarks; the costliest of each first."""
    found = [*_n_plus_one(transaction), *_slow_queries(transaction), *_consecutive_http(transaction)]
    return sorted(found, key=lambda each: (each.minor, -each.seconds))


def _by_start(spans: Iterable[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: (span.start, span.end))


def _n_plus_one(transaction: Transaction) -> Iterator[Finding]:
    """Runs among all queries, and then those that only the queries below one parent show: others ran beside them."""
    spans = _by_start(span for span in transaction.spans if is_query(span.op))
    lanes: dict[str, list[Span]] = {}
    for span in spans:
        lanes.setdefault(span.parent_id, []).append(span)
    told: set[int] = set()
    for lane in (spans, *lanes.values()):
        for run in _runs(lane):
            if told.isdisjoint(map(id, run)):
                told.update(map(id, run))
                yield _repeated(run, spans)


def _runs(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Five or more of the like that follow each other."""
    run: list[Span] = []
    text = ""
    for span in spans:
        what = similar(span)
        follows = bool(run) and what == text and span.start >= run[-1].end - _TOUCH
        if not follows:
            if len(run) >= N_PLUS_ONE_COUNT:
                yield run
            run, text = [], what
        if not is_cut(span.description) and not _CONTROL.match(what) and what:
            run.append(span)
    if len(run) >= N_PLUS_ONE_COUNT:
        yield run


def _repeated(run: Sequence[Span], spans: Sequence[Span]) -> Finding:
    seconds = sum(span.seconds for span in run)
    what = similar(run[0])
    text = f"{abbreviated(what)} ran ×{len(run)} in a row, {duration(seconds)}"
    if seconds <= N_PLUS_ONE_SECONDS:
        limit = f"{text}, below the limit of {duration(N_PLUS_ONE_SECONDS)}"
        return Finding(Problem.REPEATED, f"{Problem.REPEATED.value}: {limit}", tuple(run), seconds)
    source = _source(run[0], spans)
    if source is None:
        alone = f"{text}, with no query before it"
        return Finding(Problem.REPEATED, f"{Problem.REPEATED.value}: {alone}", tuple(run), seconds)
    text = f"{Problem.N_PLUS_ONE.value}: {text}, after {abbreviated(similar(source))}"
    return Finding(Problem.N_PLUS_ONE, text, tuple(run), seconds, source)


def _source(first: Span, spans: Sequence[Span]) -> Span | None:
    """The last other query that was over when `first` began."""
    what = similar(first)
    for span in reversed(spans[: bisect_left(spans, first.start, key=lambda each: each.start)]):
        if span.end <= first.start + _TOUCH and similar(span) != what and not _CONTROL.match(similar(span)):
            return span
    return None


def _slow_queries(transaction: Transaction) -> Iterator[Finding]:
    slow: dict[str, list[Span]] = {}
    for span in _by_start(transaction.spans):
        if span.seconds >= SLOW_QUERY_SECONDS and is_query(span.op):
            what = normalise_sql(span.description)
            if what[:6].casefold() == "select" and not what[6:7].isalnum():
                slow.setdefault(what, []).append(span)
    for what, spans in slow.items():
        longest = duration(max(span.seconds for span in spans))
        took = f"took {longest}" if len(spans) == 1 else f"ran ×{len(spans)}, the slowest took {longest}"
        text = f"{Problem.SLOW_QUERY.value}: {abbreviated(what)} {took}"
        yield Finding(Problem.SLOW_QUERY, text, tuple(spans), sum(span.seconds for span in spans))


def _consecutive_http(transaction: Transaction) -> Iterator[Finding]:
    """Each of a row must be long: a short request ends it, as a pause does."""
    run: list[Span] = []
    for span in _by_start(span for span in transaction.spans if _is_request(span)):
        follows = run and -_TOUCH <= span.start - run[-1].end <= HTTP_PAUSE_SECONDS
        if not follows or span.seconds <= HTTP_SECONDS:
            yield from _one_after_another(run)
            run = []
        if span.seconds > HTTP_SECONDS:
            run.append(span)
    yield from _one_after_another(run)


def _is_request(span: Span) -> bool:
    if kind_of(span.op) is not Kind.HTTP:
        return False
    method, space, address = span.description.partition(" ")
    if not space:
        method, address = span.data.get("http.request.method", span.data.get("http.method", "")), method
    return method.upper() in _METHODS and not _STATIC.match(address)


def _one_after_another(run: Sequence[Span]) -> Iterator[Finding]:
    seconds = sum(span.seconds for span in run)
    longest = max((span.seconds for span in run), default=0.0)
    if len(run) < HTTP_COUNT or seconds - longest <= HTTP_SAVED_SECONDS:
        return
    names = list(dict.fromkeys(normalise_url(span.description) for span in run))
    named = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    text = (
        f"{Problem.CONSECUTIVE_HTTP.value}: {len(run)} requests one after another, {duration(seconds)}; "
        f"all at once {duration(longest)}: {named}"
    )
    yield Finding(Problem.CONSECUTIVE_HTTP, text, tuple(run), seconds)
