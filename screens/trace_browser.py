"""Going about in traces: transactions by name, those of one name, one as a waterfall; errors; logs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from opsterm.screens import trace_waterfall
from opsterm.screens.pane import PaneScreen
from opsterm.screens.tabs import Tab
from opsterm.screens.trace_error import ErrorView
from opsterm.screens.trace_rows import ALERTS, ERRORS, GROUPS, SAMPLES, error_row, fields_of, group_row, sample_rows
from opsterm.screens.trace_span import SpanPanel
from opsterm.screens.trace_start import nothing_yet
from opsterm.screens.trace_summary import finding_lines
from opsterm.services.lines import Line
from opsterm.services.service import State
from opsterm.services.telemetry.analysis.compare import Comparison
from opsterm.services.telemetry.analysis.errors import ErrorGroup, group_errors
from opsterm.services.telemetry.analysis.findings import Finding, findings
from opsterm.services.telemetry.analysis.groups import Groups
from opsterm.services.telemetry.analysis.shares import Shares, shares
from opsterm.services.telemetry.model import ErrorEvent, Transaction
from opsterm.services.telemetry.service import TraceService
from opsterm.widgets.line_view import LineView
from opsterm.widgets.line_view.stamps import Stamps
from opsterm.widgets.row_table import Row, RowTable

_LOOK_SECONDS = 0.25
"""Between two looks at what has come."""


def _by_trace(line: Line) -> Sequence[tuple[str, str]]:
    """The prefix of a log line: its level, and the trace it belongs to."""
    return ((f"{line.level.name:<5} ", "muted"), (f"{line.source[:6]:<6}  ", "muted"))


class TraceBrowser(PaneScreen):
    """The part of the tab that shows what came. `enter` goes in, esc back."""

    DEFAULT_CSS = """
    TraceBrowser #traces { height: 1fr; width: 1fr; }
    TraceBrowser #traces > RowTable, TraceBrowser #traces > LineView { height: 1fr; }
    TraceBrowser #findings { height: auto; max-height: 6; background: $surface; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "view('transactions')", "Transactions", show=False, id="traces.transactions", tooltip="By name"),
        Binding("2", "view('errors')", "Errors", show=False, id="traces.all_errors", tooltip="All errors"),
        Binding("3", "view('logs')", "Logs", show=False, id="traces.logs", tooltip="Logs of the programs"),
        Binding("4", "view('alerts')", "Alerts", show=False, id="traces.alerts", tooltip="Rules, and which hold"),
    ]

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.view = "transactions"
        self.name_shown = ""  # of the transactions that are looked at
        self.transaction: Transaction | None = None
        self.error: ErrorEvent | None = None
        self.shares: Shares | None = None
        self.problems: Sequence[Finding] = ()
        self.finding_at = -1  # the finding that was gone to
        self.opened: set[str] = set()
        self.error_groups: Sequence[ErrorGroup] = ()
        self._state = State.OFF
        self.came_from = "logs"
        """The view from which the log of one trace was opened."""
        self._trace_of_logs = ""  # of which trace the log lines are, empty for all
        self.groups = Groups()
        self.comparison = Comparison(self.groups)
        self._last = -1  # number of the last transaction counted in
        self.revision = -1
        self.errors_seen = 0
        """Errors that had come when somebody looked last."""
        self.tables = {
            "transactions": RowTable(GROUPS, id="groups"),
            "samples": RowTable(SAMPLES, id="samples"),
            "trace": RowTable(trace_waterfall.COLUMNS, id="waterfall"),
            "errors": RowTable(ERRORS, id="errors"),
            "alerts": RowTable(ALERTS, id="alerts"),
        }
        self.log_view = LineView(prefix=_by_trace, id="logs")
        self.log_view.stamps, self.log_view.decimals = Stamps.TIME, 3
        self.error_view = ErrorView()
        self._findings = Static(id="findings")

    @property
    def service(self) -> TraceService:
        """The service behind this tab."""
        return cast(TraceService, self.tab.service)

    @property
    def filtered(self) -> str:
        """Each view has a filter of its own."""
        return self.shown

    @property
    def trace_of_logs(self) -> str:
        """The trace whose log lines are shown; empty for all."""
        return self._trace_of_logs

    @property
    def shown(self) -> str:
        """What is shown: one of `tables`, `error` or `logs`."""
        if self.view == "errors":
            return "error" if self.error else "errors"
        if self.view in ("logs", "alerts"):
            return self.view
        return "trace" if self.transaction else "samples" if self.name_shown else "transactions"

    @property
    def pane(self) -> LineView | None:
        """The logs, while they are shown."""
        return self.log_view if self.view == "logs" else None

    @property
    def rows(self) -> RowTable | None:
        """The table that is shown."""
        return self.tables.get(self.shown)

    def fields_of(self, row: Row) -> Mapping[str, str]:
        """For filters such as `transaction:cart`."""
        table = self.rows
        return fields_of(table.columns, row) if table is not None else {}

    # The frame

    def compose_main(self) -> ComposeResult:
        """All views, one of them shown."""
        with Vertical(id="traces", classes="main--body"):
            yield self._findings
            yield from self.tables.values()
            yield self.log_view
            yield self.error_view

    def on_mount(self) -> None:
        """Look at what comes."""
        self.tables["transactions"].sort_by("p95", reverse=True)
        self.log_view.show(self.service.store.logs)
        self.set_interval(_LOOK_SECONDS, self.look)
        self.show_view()

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002  Textual's signature
        """The bars of a waterfall are as long as there is room."""
        self.call_after_refresh(self.draw)

    def on_screen_resume(self) -> None:
        """What came while nobody looked."""
        self.fill()

    # What has come

    def look(self) -> None:
        """Count in what has come, and fill what is shown."""
        store = self.service.store
        if self.revision == store.revision:
            return
        self.revision = store.revision
        for each in store.transactions_since(self._last):
            self._last = each.seq
            self.groups.add(each, time.time())  # by our clock: that of the sender may be another
        self.heard()
        if self.is_current:
            self.fill()
            self.refresh_rows()
        else:
            self.tab.alerts = store.counts.errors - self.errors_seen

    def heard(self) -> None:
        """Something came, and is counted in."""

    def fill(self) -> None:
        """Fill what is shown; whoever looks has seen the errors."""
        store = self.service.store
        match self.shown:
            case "transactions":
                now = time.time()
                self.tables["transactions"].set_rows(
                    [group_row(each, self.comparison) for each in self.groups.rows(now)]
                )
            case "samples":
                self.tables["samples"].set_rows(sample_rows(self.samples()))
            case "errors":
                self.error_groups = group_errors(store.errors)
                self.tables["errors"].set_rows([error_row(each) for each in self.error_groups])
        self.errors_seen = store.counts.errors

    def samples(self) -> Sequence[Transaction]:
        """The transactions of the name that is looked at, in the order in which they came."""
        return [each for each in self.service.store.transactions if each.name == self.name_shown]

    def refresh_rows(self) -> None:
        """The rows, and what is said where nothing is; other keys work in another state."""
        if self.service.status.state is not self._state:
            self._state = self.service.status.state
            self.refresh_bindings()
        if self.is_current:
            service = self.service
            table = self.rows
            if table is not None and table.total and self.match:
                said = Content(f'0 of {table.total:,} match "{self.match.source}". esc clears the filter.')
            else:
                said = nothing_yet(service.status.state, service.port, service.dsn)
            self.tables["transactions"].placeholder = said
            self.tables["errors"].placeholder = Content("No errors so far.")
            self.tables["alerts"].placeholder = Content("No rules. :alert p95 > 500ms for 1m  adds one.")
            self.log_view.placeholder = Content("No logs so far. SDKs send them with enable_logs=True.")
        super().refresh_rows()

    # Going about

    def action_view(self, name: str) -> None:
        """Show transactions, errors or logs."""
        self.view = name
        self.show_view()

    def show_view(self) -> None:
        """Show what is to be shown, and nothing else."""
        shown = self.shown
        widgets: dict[str, Widget] = {**self.tables, "logs": self.log_view, "error": self.error_view}
        for name, widget in widgets.items():
            widget.display = name == shown
        self._findings.display = shown == "trace" and bool(self.problems)
        widgets[shown].focus()
        self.fill()
        self.refresh_rows()
        self.refresh_bindings()

    def restore_focus(self) -> None:
        """To what is shown."""
        self.show_view()

    @on(RowTable.Opened)
    def _opened_row(self, event: RowTable.Opened) -> None:
        event.stop()
        self.open_row(event.key)

    def open_row(self, key: str) -> None:
        """Go into a row of the table that is shown."""
        match self.shown:
            case "transactions":
                self.name_shown = key
                samples = self.samples()
                if len(samples) == 1:
                    self.open_transaction(samples[0])
                else:
                    self.tables["samples"].set_rows(())
                    self.show_view()
            case "samples":
                self.open_transaction(next(each for each in self.samples() if str(each.seq) == key))
            case "errors":
                group = next(each for each in self.error_groups if "\n".join(each.key) == key)
                self.open_error(group.latest)
            case "trace":
                self._open_span(key)

    def open_transaction(self, transaction: Transaction) -> None:
        """Show one transaction as a waterfall."""
        self.view, self.name_shown, self.transaction = "transactions", transaction.name, transaction
        self.shares, self.problems, self.finding_at = shares(transaction), findings(transaction), -1
        self.opened.clear()
        self.tables["trace"].set_rows(())
        self.draw()
        self.show_view()

    def open_error(self, error: ErrorEvent) -> None:
        """Show one error in full."""
        if not any(error in each.events for each in self.error_groups):
            self.error_groups = group_errors(self.service.store.errors)
        self.view, self.error = "errors", error
        self.error_view.show(error)
        self.show_view()

    def draw(self) -> None:
        """Draw the waterfall, and the findings above it."""
        if self.shares is not None:
            rows = trace_waterfall.rows(self.shares, self.size.width, self.opened)
            self.tables["trace"].set_rows(rows)
            self._findings.update(finding_lines(self.problems, self.finding_at))

    def _open_span(self, key: str) -> None:
        """A fold shows what is in it, or hides it; a span shows all that is known of it."""
        if key.startswith("f"):
            self.opened ^= {key}
            self.draw()
        elif self.shares is not None and (span := trace_waterfall.span_of(self.shares, key)) is not None:
            self.open_aside(SpanPanel(span))

    def escape(self) -> bool:
        """Back to where one came from."""
        if super().escape():
            return True
        if self.view == "logs" and self._trace_of_logs:
            self.show_logs_of("")
            self.view = self.came_from
            self.show_view()
            return True
        if self.shown == "error":
            self.error = None
        elif self.shown == "trace":
            self.transaction = self.shares = None
            if len(self.samples()) == 1:
                self.name_shown = ""
        elif self.shown == "samples":
            self.name_shown = ""
        elif self.view != "transactions":
            self.view = "transactions"
        else:
            return False
        self.show_view()
        return True

    def show_logs_of(self, trace_id: str) -> None:
        """Show the log lines of one trace; of all for ""."""
        self._trace_of_logs = trace_id
        self.log_view.left_out = (lambda line: line.source != trace_id) if trace_id else None
        self.refresh_rows()
