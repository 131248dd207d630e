"""One transaction as a waterfall: what ran when, in a row each, with the gaps between."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from opsterm.services.telemetry.analysis.operations import Kind
from opsterm.services.telemetry.analysis.shares import Shares
from opsterm.services.telemetry.analysis.waterfall import Row as SpanRow
from opsterm.services.telemetry.analysis.waterfall import waterfall
from opsterm.services.telemetry.analysis.words import duration
from opsterm.services.telemetry.model import Span
from opsterm.widgets.row_table import Cell, Column, Row

COLUMNS = (
    Column("span", "SPAN", priority=0, min_width=24, flexible=True),
    Column("time", "TIME", align="right", priority=1),
    Column("own", "SELF", align="right", priority=3),
    Column("bar", "", priority=2),
)
ROLES: Mapping[Kind, str] = {
    Kind.DATABASE: "accent",
    Kind.HTTP: "warning",
    Kind.TEMPLATE: "success",
    Kind.GAP: "muted",
}
"""The colour of each kind; the others have that of the text. The name of the operation says it without colour."""
_BESIDE = 66
"""Cells that are not for the bar."""
_LEAST_BAR, _MOST_BAR = 12, 100


def bar_cells(width: int) -> int:
    """Cells of the bar on a screen of `width`."""
    return max(_LEAST_BAR, min(_MOST_BAR, width - _BESIDE))


def rows(shares: Shares, width: int, opened: Collection[str] = ()) -> Sequence[Row]:
    """The rows of a table with `COLUMNS`; `opened` are the keys of folds that show what is in them."""
    return [_row(each, bar_cells(width)) for each in waterfall(shares, opened)]


def span_of(shares: Shares, key: str) -> Span | None:
    """The span of a row, None for a gap or a fold."""
    found = next((each for each in waterfall(shares, _everything(shares)) if each.key == key), None)
    return found.spans[0] if found is not None and len(found.spans) == 1 else None


def key_of(shares: Shares, span: Span) -> str:
    """The row that shows `span`, be it the fold that it is in."""
    return next((each.key for each in waterfall(shares) if span in each.spans), "")


def _everything(shares: Shares) -> Collection[str]:
    return {each.key for each in waterfall(shares) if each.fold}


def _row(span: SpanRow, cells: int) -> Row:
    role = "error" if span.failed else ROLES.get(span.kind, "")
    return Row(
        span.key,
        (
            Cell(f"{_branch(span)}{_what(span)}", "error" if span.failed else "muted" if span.gap else ""),
            Cell(duration(span.seconds), "", span.seconds),
            Cell(duration(span.own), "muted", span.own),
            Cell(bar(span.start, span.end, cells, gap=span.gap), role, span.start),
        ),
        search=f"{span.op} {span.text} " + " ".join(each.description for each in span.spans),
    )


def _branch(span: SpanRow) -> str:
    if not span.lines:
        return ""
    above = "".join("│ " if more else "  " for more in span.lines[:-1])
    return f"{above}{'├' if span.lines[-1] else '└'} "


def _what(span: SpanRow) -> str:
    if span.gap:
        return f"· {span.text}"
    if span.fold:  # how often comes first: the end of a long query may be cut
        return f"{span.op} ×{span.count} {'▾' if span.opened else '▸'} {span.text}"
    return (span.text if span.text.startswith(span.op) else f"{span.op} {span.text}".rstrip()) or "span"


def bar(start: float, end: float, cells: int, *, gap: bool = False) -> str:
    """A bar from `start` to `end`, shares of the whole, in `cells`; always something, so that nothing is unseen."""
    first = min(cells - 1, int(start * cells))
    length = max(1, round(end * cells) - first)
    return " " * first + ("·" if gap else "█") * min(length, cells - first)
