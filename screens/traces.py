"""The Traces tab: what the program under development reports, shown as one looks for what is slow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from opsterm.screens.commands import Command, CommandError
from opsterm.screens.tabs import WIDE, Tab
from opsterm.screens.trace_alerts import TraceOptions, run_command
from opsterm.screens.trace_organization import TraceOrganization
from opsterm.screens.trace_rows import alert_rows
from opsterm.screens.trace_summary import shares_part
from opsterm.services.service import State
from opsterm.services.telemetry.analysis.alerts import Alerts
from opsterm.services.telemetry.analysis.rules import BadRuleError, parse_rule
from opsterm.services.telemetry.analysis.words import duration
from opsterm.widgets.bar import Bar, Part, part
from opsterm.widgets.words import count

_CHECK_SECONDS = 1.0


class TracesScreen(TraceOrganization):
    """The tab: the receiver, what it counts, and the mark to compare with."""

    FOOTER = ("traces.listen", "list.open", "traces.next_finding", "traces.errors", "traces.before", "pane.filter")
    WORDS: ClassVar[Mapping[State, str]] = {
        State.OFF: "off",
        State.STARTING: "starting",
        State.LIVE: "listening",
        State.DEGRADED: "degraded",
        State.LOST: "lost",
        State.FAILED: "failed",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "listen", "Listen", id="traces.listen", tooltip="Start to listen for what programs report"),
        Binding("b", "before", "Mark before", id="traces.before", tooltip="Compare what comes from now on with this"),
    ]

    def __init__(self, tab: Tab, asked: TraceOptions | None = None) -> None:
        super().__init__(tab)
        self._options = asked or TraceOptions()
        self._alerts = Alerts(self._options.rules)
        self._error_seen = -1  # number of the last error that the alerts heard of

    def on_mount(self) -> None:
        """Listen, where that is wanted from the start."""
        if self._options.listens:
            self.action_listen()
        self.set_interval(_CHECK_SECONDS, self._check)

    # The frame

    def where(self) -> Sequence[Part]:
        """The receiver, and what is looked at."""
        service = self.service
        arrow = (" › ", "$foreground-muted")
        if self.organization:
            runs = [("sentry ", "$foreground-muted"), (self.organization, "bold")]
            if self.name_shown:
                runs += [arrow, (self.name_shown, "")]
            return (Part(tuple(runs), keep=9),)
        if self.view == "transactions" and self.name_shown:  # where it came from gives way to what it is
            runs = [(self.name_shown, "bold" if self.transaction is None else "")]
            if self.shown == "trace" and self.transaction is not None:
                runs += [arrow, (f"trace {self.transaction.trace_id[:6]}", "bold")]
            return (Part(tuple(runs), keep=9),)
        runs = [("spotlight " if service.source == "spotlight" else "receiver ", "$foreground-muted")]
        runs.append((f"127.0.0.1:{service.port}", "" if service.listens else "$foreground-muted"))
        if self.shown == "error" and self.error is not None:
            runs += [arrow, (self.error.title, "bold")]
        if self.size.width < WIDE:  # the last name tells most
            runs = runs[-1:]
        return (Part(tuple(runs), keep=9),)

    def context(self, state: Part) -> Sequence[Part]:
        """The state is that of the receiver, and says nothing of an organisation."""
        return self.where() if self.organization else super().context(state)

    def chips(self) -> Sequence[Part]:
        """Filter, what the time went to, and the views."""
        if self.shares is not None and self.shown == "trace" and self.transaction is not None:
            took = part(duration(self.transaction.seconds), "bold", keep=8)
            status = self.transaction.root.status
            ended = part(status, "$error" if self.transaction.failed else "", keep=6)
            return (*self.filter_chip(), took, *([ended] if status else []), shares_part(self.shares))
        if self.organization:
            return (*self.filter_chip(), *self.organization_views())
        errors = self.service.store.counts.errors
        active = len(self._alerts.active)
        words = {
            "transactions": "1 Transactions",
            "errors": f"2 Errors {errors or ''}".rstrip(),
            "logs": "3 Logs",
            "alerts": f"4 Alerts {f'▲{active}' if active else ''}".rstrip(),
        }
        only = self.trace_of_logs if self.view == "logs" else ""
        return (
            *self.filter_chip(),
            *([part(f"trace {only[:6]}", "$accent", keep=8)] if only else []),
            *(
                part(text, "$accent" if name == self.view else "$foreground-muted", id=f"view {name}", keep=4)
                for name, text in words.items()
            ),
        )

    @on(Bar.Pressed, "#context")
    def _view_pressed(self, event: Bar.Pressed) -> None:
        if event.part_id.startswith("view "):
            self.action_view(event.part_id.removeprefix("view "))

    def figures(self) -> Sequence[Part]:
        """What came, and what was not kept."""
        counts = self.service.store.counts
        return (
            part(count(counts.transactions, "transaction"), keep=9),
            part(count(counts.spans, "span"), keep=6),
            *self.loss("refused", counts.refused),
            *self.loss("unreadable", counts.unreadable),
            *self.loss("evicted", counts.evicted),
            *([part(f"unknown items {counts.unknown:,}", "$foreground-muted", keep=1)] if counts.unknown else []),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now has no key."""
        if action == "listen" and self.service.listens:
            return False
        if action == "before" and self.view != "transactions":
            return False
        return super().check_action(action, parameters)

    def commands(self) -> Sequence[Command]:
        """Beginning, ending, forgetting."""
        return (
            *super().commands(),
            Command("listen", "listen for what programs report: listen [PORT]", self._listen_at),
            Command(
                "alert", "tell when something holds: alert p95 > 500ms for 1m; off forgets the rules", self._alert
            ),
            Command("stop", "stop listening; what has come stays", lambda _: self._stop()),
            Command("clear", "forget all that has come", lambda _: self._clear()),
        )

    # Listening

    def action_listen(self) -> None:
        """Begin to listen."""
        self.run_worker(self.service.start(), group="listen", exit_on_error=False)
        self.call_later(self.refresh_bindings)

    def _listen_at(self, typed: str) -> None:
        if typed and not (typed.isdecimal() and 0 < int(typed) < 65536):
            raise CommandError(f"'{typed}' is no port: 1 to 65535")
        if typed and self.service.listens:
            raise CommandError("it listens already; stop ends that")
        if typed:
            self.service.port = int(typed)
        self.action_listen()

    def _stop(self) -> None:
        self.run_worker(self.service.stop(), group="listen", exit_on_error=False)

    def _clear(self) -> None:
        self.service.store.clear()
        self.service.store.counts.clear()
        self.groups.clear()
        self.comparison.clear()
        self.errors_seen = 0
        self.log_view.show(self.service.store.logs)
        self.name_shown, self.transaction, self.error = "", None, None
        self.show_view()

    def action_copy(self) -> None:
        """Where nothing has come yet: the line for the program; else as everywhere."""
        if self.rows is not None and not self.rows.total:
            self.app.copy_to_clipboard(f"SENTRY_DSN={self.service.dsn}")
            self.host.toast(f"Copied SENTRY_DSN={self.service.dsn}.")
        else:
            super().action_copy()

    # Alerts

    def heard(self) -> None:
        """New errors are an alert, where somebody wants that."""
        for error in self.service.store.errors_since(self._error_seen):
            self._error_seen = error.seq
            self._alerts.note(error)

    def fill(self) -> None:
        """And the alerts."""
        super().fill()
        if self.view == "alerts":
            self.tables["alerts"].set_rows(alert_rows(self._alerts))

    def _check(self) -> None:
        changed = self._alerts.check(self.groups)
        for alert in changed:
            if not alert.over:
                self.host.toast(f"▲ {alert.text}", bad=True)
                self._tell(alert.text)
        if changed and not self.is_current:
            self.tab.alerts += sum(not alert.over for alert in changed)
        if self.view == "alerts" and self.is_current:
            self.fill()
        if changed:
            self.refresh_rows()

    def _tell(self, text: str) -> None:
        if self._options.bell:
            self.app.bell()
        if self._options.command:
            self.run_worker(run_command(self._options.command, text), group="alerts", exit_on_error=False)

    def _alert(self, typed: str) -> None:
        if typed == "off":
            self._alerts = Alerts(())
        else:
            try:
                rule = parse_rule(typed)
            except BadRuleError as error:
                raise CommandError(str(error)) from None
            self._alerts = Alerts((*self._alerts.rules, rule))
            self.heard()
        self.action_view("alerts")
        self._check()

    def action_before(self) -> None:
        """What came until now is "before"."""
        self.comparison.mark()
        self.host.toast("Marked: BEFORE shows how p95 differs from now on, once five more have come.")
        self.revision = -1
        self.look()
