"""One span in full, at the right of the waterfall."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from opsterm.screens.trace_rows import clock
from opsterm.services.telemetry.analysis.words import duration
from opsterm.services.telemetry.model import Span
from opsterm.widgets.side_panel import SidePanel

_MOST = 20_000  # characters of one fact


class SpanPanel(SidePanel):
    """All that is known of it; esc closes it."""

    def __init__(self, span: Span) -> None:
        super().__init__()
        self._span = span

    def compose(self) -> ComposeResult:
        """What it did, when, and what else was told."""
        span = self._span
        yield Static(Content.styled(f"{span.op or 'span'}\n", "bold"))
        yield Static(Content(f"{span.description[:_MOST]}\n"))
        facts = {"took": duration(span.seconds), "began": clock(span.start), "status": span.status, **span.data}
        width = min(32, max(map(len, facts)))
        yield Static(
            Content("\n").join(
                Content.assemble((f"{name:<{width}}  ", "$foreground-muted"), (value[:_MOST], ""))
                for name, value in facts.items()
                if value
            )
        )
        yield Static(Content.styled("\nesc closes", "$foreground-muted"))
