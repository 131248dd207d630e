"""One transaction in figures, at the right of its waterfall: shares by operation, slowest spans, queries counted."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from opsterm.services.telemetry.analysis.queries import queries, requests
from opsterm.services.telemetry.analysis.shares import Shares
from opsterm.services.telemetry.analysis.slowest import slowest
from opsterm.services.telemetry.analysis.words import duration
from opsterm.services.telemetry.model import Transaction
from opsterm.widgets.side_panel import SidePanel
from opsterm.widgets.words import eighths

_MOST = 12
_BAR_CELLS = 16

Run = tuple[str, str]


class TracePanel(SidePanel):
    """Stays as it was opened; i or esc closes it."""

    def __init__(self, transaction: Transaction, shares: Shares) -> None:
        super().__init__()
        self._transaction = transaction
        self._shares = shares

    def compose(self) -> ComposeResult:
        """Everything in one text."""
        yield Static(Content.assemble(*_told(self._transaction, self._shares)))


def _told(transaction: Transaction, shares: Shares) -> Iterator[Run]:
    yield "Share of the time\n", "bold"
    for op, share in shares.by_op().items():
        yield f"{share:6.1%} ", ""
        yield f"{eighths(share, _BAR_CELLS)} ", "$foreground-muted"
        yield f"{op or 'span'}\n", ""
    yield "\nSlowest spans, by their own time\n", "bold"
    for slow in slowest(transaction, shares, _MOST):
        yield f"{duration(slow.own):>10}  ", ""
        yield f"{slow.span.op} ", "$foreground-muted"
        yield f"{slow.text}\n", ""
    for title, found in (("Queries", queries(transaction)), ("Requests", requests(transaction))):
        if found:
            yield f"\n{title}, the costliest first\n", "bold"
        for each in found[:_MOST]:
            yield f"{duration(each.seconds):>10}  ", ""
            yield f"×{each.count:<4} ", "$warning" if each.count > 1 else "$foreground-muted"
            yield f"{each.text}\n", ""
    facts = (transaction.release, transaction.environment, transaction.sdk)
    yield "\n" + "   ".join(fact for fact in facts if fact) + "\ni or esc closes", "$foreground-muted"
