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
        Binding("l", "logs_of", "Logs", id="traces.logs_of", tooltip="The log lines of this trace"),
        Binding(
            "left_square_bracket",
            "error_by(-1)",
            "Before",
            show=False,
            id="traces.older",
            tooltip="The same error before",
        ),
        Binding(
            "right_square_bracket",
            "error_by(1)",
            "After",
            show=False,
            id="traces.newer",
            tooltip="The same error after",
        ),
        Binding("e", "errors", "Errors", id="traces.errors", tooltip="The errors of this row, or its trace"),
        Binding("n", "next_finding", "Finding", id="traces.next_finding", tooltip="Go to the next finding"),
    ]

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.view = "transactions"
        self.name_shown = ""  # of the transactions that are looked at
        self.transaction: Transaction | None = None
        self.error: ErrorEvent | None = None
        self.shares: Shares | None = None
        self.problems: Sequence[Finding] = ()
        self._at = -1  # the finding that was gone to
        self._opened: set[str] = set()
        self._error_groups: Sequence[ErrorGroup] = ()
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
        self.call_after_refresh(self._draw)

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
        for each in store.transactions:
            if each.seq > self._last:
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
                self.tables["samples"].set_rows(sample_rows(self._samples()))
            case "errors":
                self._error_groups = group_errors(store.errors)
                self.tables["errors"].set_rows([error_row(each) for each in self._error_groups])
        self.errors_seen = store.counts.errors

    def _samples(self) -> Sequence[Transaction]:
        return [each for each in self.service.store.transactions if each.name == self.name_shown]

    def refresh_rows(self) -> None:
        """The rows, and what is said where nothing is."""
        if self.is_current:
            service = self.service
            table = self.rows
            if table is not None and table.total and self.match:
                said = Content(f'0 of {table.total:,} match "{self.match.source}". esc clears the filter.')
            else:
                said = nothing_yet(service.status.state, f"127.0.0.1:{service.port}", service.dsn)
            self.tables["transactions"].placeholder = said
            self.tables["errors"].placeholder = Content("No errors so far.")
            self.tables["alerts"].placeholder = Content("No rules. :alert p95 > 500ms for 1m  adds one.")
            self.log_view.placeholder = Content("No logs so far. SDKs send them with enable_logs=True.")
        super().refresh_rows()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now has no key."""
        if action == "next_finding" and not (self.shown == "trace" and self.problems):
            return False
        if action == "errors" and self.view != "transactions":
            return False
        if action == "logs_of" and self.view not in ("transactions", "errors"):
            return False
        if action == "error_by" and self.shown != "error":
            return False
        return super().check_action(action, parameters)

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
                samples = self._samples()
                if len(samples) == 1:
                    self.open_transaction(samples[0])
                else:
                    self.tables["samples"].set_rows(())
                    self.show_view()
            case "samples":
                self.open_transaction(next(each for each in self._samples() if str(each.seq) == key))
            case "errors":
                group = next(each for each in self._error_groups if "\n".join(each.key) == key)
                self.open_error(group.latest)
            case "trace":
                self._open_span(key)

    def open_transaction(self, transaction: Transaction) -> None:
        """Show one transaction as a waterfall."""
        self.view, self.name_shown, self.transaction = "transactions", transaction.name, transaction
        self.shares, self.problems, self._at = shares(transaction), findings(transaction), -1
        self._opened.clear()
        self.tables["trace"].set_rows(())
        self._draw()
        self.show_view()

    def open_error(self, error: ErrorEvent) -> None:
        """Show one error in full."""
        if not any(error in each.events for each in self._error_groups):
            self._error_groups = group_errors(self.service.store.errors)
        self.view, self.error = "errors", error
        self.error_view.show(error)
        self.show_view()

    def _draw(self) -> None:
        if self.shares is not None:
            rows = trace_waterfall.rows(self.shares, self.size.width, self._opened)
            self.tables["trace"].set_rows(rows)
            self._findings.update(finding_lines(self.problems, self._at))

    def _open_span(self, key: str) -> None:
        """A fold shows what is in it, or hides it; a span shows all that is known of it."""
        if key.startswith("f"):
            self._opened ^= {key}
            self._draw()
        elif self.shares is not None and (span := trace_waterfall.span_of(self.shares, key)) is not None:
            self.open_aside(SpanPanel(span))

    def escape(self) -> bool:
        """Back to where one came from."""
        if super().escape():
            return True
        if self.view == "logs" and self._trace_of_logs:
            self._show_logs_of("")
            return True
        if self.shown == "error":
            self.error = None
        elif self.shown == "trace":
            self.transaction = self.shares = None
            if len(self._samples()) == 1:
                self.name_shown = ""
        elif self.shown == "samples":
            self.name_shown = ""
        elif self.view != "transactions":
            self.view = "transactions"
        else:
            return False
        self.show_view()
        return True

    # What is wrong

    def action_next_finding(self) -> None:
        """Go to the first span of the next finding, opened where it is folded."""
        self._at = (self._at + 1) % len(self.problems)
        finding = self.problems[self._at]
        if self.shares is not None:
            key = trace_waterfall.key_of(self.shares, finding.spans[0])
            self._draw()
            self.tables["trace"].move_to(key)

    def action_errors(self) -> None:
        """The errors of the trace, or of the transactions of the row."""
        transaction = self._chosen()
        found = self.service.store.errors_of(transaction.trace_id) if transaction is not None else ()
        if found:
            self.open_error(found[-1])
        else:
            self.host.toast("No error was reported with this.")

    def action_error_by(self, step: int) -> None:
        """The same error as it came before, or after."""
        group = next((each for each in self._error_groups if self.error in each.events), None)
        if group is not None and self.error is not None:
            at = group.events.index(self.error) + step
            if 0 <= at < len(group.events):
                self.open_error(group.events[at])

    def action_logs_of(self) -> None:
        """The log lines of the trace that is looked at, or of the row."""
        if self.error is not None and self.view == "errors":
            trace_id = self.error.trace_id
        else:
            transaction = self._chosen()
            trace_id = transaction.trace_id if transaction is not None else ""
        if any(line.source == trace_id for line in self.service.store.logs.since(0)):
            self.view = "logs"
            self._show_logs_of(trace_id)
            self.show_view()
        else:
            self.host.toast("No log line was reported with this.")

    def _show_logs_of(self, trace_id: str) -> None:
        self._trace_of_logs = trace_id
        self.log_view.left_out = (lambda line: line.source != trace_id) if trace_id else None
        self.refresh_rows()

    def _chosen(self) -> Transaction | None:
        """The transaction of the row, or that which is shown."""
        table = self.rows
        if self.transaction is not None or table is None or table.cursor_key is None:
            return self.transaction
        if self.shown == "samples":
            return next((each for each in self._samples() if str(each.seq) == table.cursor_key), None)
        named = [each for each in self.service.store.transactions if each.name == table.cursor_key]
        with_errors = [each for each in named if self.service.store.errors_of(each.trace_id)]
        return next(reversed(with_errors or named), None)
