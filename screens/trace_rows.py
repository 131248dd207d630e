"""The rows of the Traces tab: transactions by name, those of one name, errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from opsterm.services.lines import stamp
from opsterm.services.telemetry.analysis.alerts import Alerts
from opsterm.services.telemetry.analysis.compare import Comparison, Verdict
from opsterm.services.telemetry.analysis.errors import ErrorGroup
from opsterm.services.telemetry.analysis.findings import findings
from opsterm.services.telemetry.analysis.groups import Group
from opsterm.services.telemetry.analysis.operations import Kind
from opsterm.services.telemetry.analysis.words import duration
from opsterm.services.telemetry.model import Transaction
from opsterm.widgets.row_table import Cell, Column, Row

GROUPS = (
    Column("name", "TRANSACTION", priority=0, min_width=40, flexible=True),
    Column("count", "COUNT", align="right", priority=2),
    Column("rate", "RATE", align="right", priority=6),
    Column("p50", "P50", align="right", priority=7),
    Column("p95", "P95", align="right", priority=1),
    Column("max", "MAX", align="right", priority=5),
    Column("failed", "FAILED", align="right", priority=3),
    Column("share", "SHARE", priority=4),
    Column("series", "LAST 10 MIN", priority=8),
    Column("queries", "QUERIES", align="right", priority=9),
    Column("before", "BEFORE", priority=4),
)
SAMPLES = (
    Column("time", "TIME", priority=1),
    Column("took", "TOOK", align="right", priority=0),
    Column("status", "STATUS", priority=2),
    Column("spans", "SPANS", align="right", priority=3),
    Column("trace", "TRACE", priority=5),
    Column("findings", "FINDINGS", priority=4, flexible=True),
)
ERRORS = (
    Column("last", "LAST", priority=2),
    Column("count", "COUNT", align="right", priority=1),
    Column("error", "ERROR", priority=0, min_width=20, flexible=True),
    Column("where", "WHERE", priority=3),
    Column("transaction", "TRANSACTION", priority=4),
    Column("first", "FIRST", priority=5),
)
ALERTS = (
    Column("alert", "ALERT", priority=0, min_width=20, flexible=True),
    Column("since", "SINCE", priority=1),
    Column("rule", "RULE", priority=2),
)
_NS = 1e9
_SHARE_CELLS = 16
_LETTERS = {Kind.DATABASE: "d", Kind.HTTP: "h", Kind.TEMPLATE: "t", Kind.APP: "a", Kind.OTHER: "o", Kind.GAP: "·"}
"""They carry the kind where there is no colour."""
_STEPS = "▁▂▃▄▅▆▇█"


def clock(seconds: float) -> str:
    """A moment as the time of day, with milliseconds."""
    return stamp(round(seconds * _NS))[11:23]


def group_row(group: Group, comparison: Comparison) -> Row:
    """The figures of one name, in `GROUPS`."""
    difference = comparison.of(group.name)
    queries = difference.queries_text or f"{group.queries:.1f}".removesuffix(".0")
    role = {Verdict.SLOWER: "warning", Verdict.FASTER: "success"}.get(difference.verdict, "muted")
    return Row(
        group.name,
        (
            group.name,
            Cell(f"{group.count:,}", "", group.count),
            Cell(_rate(group.rate), "muted", group.rate),
            Cell(duration(group.p50), "", group.p50),
            Cell(duration(group.p95), "", group.p95),
            Cell(duration(group.max), "", group.max),
            Cell(f"{group.failed:.1%}", "error" if group.failed else "muted", group.failed),
            Cell(share_bar(group.shares), "", group.shares.get(Kind.DATABASE, 0.0)),
            Cell(sparkline(group.series), "muted", group.series[-1]),
            Cell(queries, "muted", group.queries),
            Cell(difference.text, role, difference.seconds),
        ),
        search=group.name,
    )


def sample_rows(transactions: Iterable[Transaction]) -> Sequence[Row]:
    """Those of one name, in `SAMPLES`, newest first."""
    return [_sample(each) for each in sorted(transactions, key=lambda each: -each.root.start)]


def alert_rows(alerts: Alerts) -> Sequence[Row]:
    """What holds now, and below it the rules that do not, in `ALERTS`."""
    active = [
        Row(
            f"{each.rule.text} {each.name} {each.text if each.error else ''}",
            (Cell(f"▲ {each.text}", "warning"), Cell(clock(each.since)[:8], "muted", each.since), each.rule.text),
            search=each.text,
        )
        for each in alerts.active
    ]
    held = {each.rule.text for each in alerts.active}
    quiet = [each.text for each in alerts.rules if each.text not in held]
    return [*active, *(Row(text, (Cell("✓ fine", "success"), Cell("–", "muted", 0.0), text), text) for text in quiet)]


def error_row(group: ErrorGroup) -> Row:
    """Errors that are the same, in `ERRORS`."""
    error = group.latest
    frames = [frame for raised in error.raised[-1:] for frame in raised.frames]
    own = [frame for frame in frames if frame.in_app] or frames
    where = f"{own[-1].file}:{own[-1].line}" if own else ""
    return Row(
        "\n".join(group.key),
        (
            Cell(clock(group.last), "muted", group.last),
            Cell(f"{group.count:,}", "", group.count),
            Cell(f"{'' if group.handled else '✖ '}{error.title}", "error"),
            where,
            error.transaction,
            Cell(clock(group.first), "muted", group.first),
        ),
        search=f"{error.title} {where} {error.transaction} {error.trace_id}",
    )


def fields_of(columns: Sequence[Column], row: Row) -> Mapping[str, str]:
    """The fields that a filter may ask for: the columns by their keys."""
    return {column.key: text for column, text in zip(columns, row.texts(), strict=False)}


def share_bar(shares: Mapping[Kind, float], cells: int = _SHARE_CELLS) -> str:
    """The kinds in proportion, a letter for each: `dddddhhoo`."""
    text, done = "", 0.0
    for kind, share in shares.items():
        done += share
        text = text.ljust(round(done * cells), _LETTERS[kind])
    return text


def sparkline(values: Sequence[float]) -> str:
    """A step for each value, a blank where there was nothing."""
    most = max(values, default=0.0)
    return "".join(_STEPS[min(7, int(value / most * 8))] if value else " " for value in values)


def _rate(rate: float) -> str:
    return f"{rate:.0f}/s" if rate >= 9.5 else f"{rate:.1f}/s"


def _sample(each: Transaction) -> Row:
    found = [one for one in findings(each) if not one.minor]
    status = each.root.status or "–"
    return Row(
        str(each.seq),
        (
            Cell(clock(each.root.start), "muted", each.root.start),
            Cell(duration(each.seconds), "", each.seconds),
            Cell(f"✖ {status}" if each.failed else status, "error" if each.failed else ""),
            Cell(f"{len(each.spans):,}", "muted", len(each.spans)),
            Cell(each.trace_id[:6], "muted"),
            Cell(f"▲ {found[0].text}" if found else "", "warning"),
        ),
        search=" ".join((each.trace_id, status, *(one.text for one in found))),
    )
