"""From what is looked at to what belongs to it: findings, figures, errors, the log of a trace."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from opsterm.screens import trace_waterfall
from opsterm.screens.trace_browser import TraceBrowser
from opsterm.screens.trace_info import TracePanel
from opsterm.services.telemetry.model import Transaction


class TraceJumps(TraceBrowser):
    """The part of the tab that leads from one record to another."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "info", "Figures", id="traces.info", tooltip="Shares, slowest spans and queries of this one"),
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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now has no key."""
        if action == "next_finding" and not (self.shown == "trace" and self.problems):
            return False
        if action == "errors" and self.view != "transactions":
            return False
        if action == "logs_of" and self.view not in ("transactions", "errors"):
            return False
        if action == "info" and self.shown != "trace":
            return False
        if action == "error_by" and self.shown != "error":
            return False
        return super().check_action(action, parameters)

    def action_next_finding(self) -> None:
        """Go to the first span of the next finding, opened where it is folded."""
        self.finding_at = (self.finding_at + 1) % len(self.problems)
        finding = self.problems[self.finding_at]
        if self.shares is not None:
            key = trace_waterfall.key_of(self.shares, finding.spans[0])
            self.draw()
            self.tables["trace"].move_to(key)

    def action_info(self) -> None:
        """Open or close the figures of the transaction."""
        if isinstance(self.aside, TracePanel):
            self.close_aside()
        elif self.transaction is not None and self.shares is not None:
            self.open_aside(TracePanel(self.transaction, self.shares))

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
        group = next((each for each in self.error_groups if self.error in each.events), None)
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
            self.came_from, self.view = self.view, "logs"
            self.show_logs_of(trace_id)
            self.show_view()
        else:
            self.host.toast("No log line was reported with this.")

    def _chosen(self) -> Transaction | None:
        """The transaction of the row, or that which is shown."""
        table = self.rows
        if self.transaction is not None or table is None or table.cursor_key is None:
            return self.transaction
        if self.shown == "samples":
            return next((each for each in self.samples() if str(each.seq) == table.cursor_key), None)
        named = [each for each in self.service.store.transactions if each.name == table.cursor_key]
        with_errors = [each for each in named if self.service.store.errors_of(each.trace_id)]
        return next(reversed(with_errors or named), None)
