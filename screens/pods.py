"""The Pods tab: the pods of a context and namespace, and the logs of one or of all that match a label."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from opsterm.screens.band import band_key
from opsterm.screens.commands import Command, CommandError
from opsterm.screens.places import PlaceScreen
from opsterm.screens.pod_logs import extent, nothing_yet, trouble
from opsterm.screens.pod_rows import COLUMNS, FIELDS, NAMESPACE, fields_of, matching, row_of, selector_of
from opsterm.screens.rate import Rate
from opsterm.screens.sources import Sources
from opsterm.screens.tabs import NARROW, WIDE, Tab
from opsterm.services.kube.errors import KubeError
from opsterm.services.kube.logs.hub import LogHub
from opsterm.services.kube.pods import is_faulty
from opsterm.services.kube.service import KEEP
from opsterm.services.kube.types import Pod
from opsterm.services.service import State, Status
from opsterm.services.telemetry.reports import reports
from opsterm.widgets.bar import Part, part
from opsterm.widgets.line_view import LineView
from opsterm.widgets.line_view.stamps import Stamps
from opsterm.widgets.row_table import Row, RowTable
from opsterm.widgets.words import clock, count


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Logs to open: of all pods that match a selector, or of one pod."""

    selector: str = ""
    pod: str = ""
    container: str = ""
    namespace: str | None = None
    """None is the namespace in use."""


def awaited(hub: LogHub) -> str:
    """What the first line of a log still waits for; empty when it is there."""
    return "" if hub.ring.next_seq else "first byte" if hub.ready else "connect"


class PodsScreen(PlaceScreen):
    """A list of pods; logs lie over it until esc."""

    WORDS: ClassVar[Mapping[State, str]] = {
        State.OFF: "off",
        State.STARTING: "connecting",
        State.LIVE: "watching",
        State.DEGRADED: "degraded",
        State.LOST: "reconnecting",
        State.FAILED: "failed",
    }
    FIELDS = FIELDS
    DEFAULT_CSS = """
    PodsScreen LineView { display: none; }
    PodsScreen.-logs LineView { display: block; }
    PodsScreen.-logs RowTable#pods { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "logs", "Logs", id="pods.logs", tooltip="Logs of the pod under the cursor"),
        Binding(
            "L", "logs_by_label", "Logs by label", id="pods.logs_by_label", tooltip="Logs of all pods of a label"
        ),
    ]

    def __init__(self, tab: Tab, opening: LogRequest | None = None) -> None:
        super().__init__(tab)
        self._opening = opening
        self._rate = Rate()  # of lines, or of changes of pods while the list is shown
        self._hub: LogHub | None = None
        self._spaces = False  # whether the table has its namespace column
        self.table = RowTable(COLUMNS, id="pods", classes="main--body")
        self.lines = LineView(id="logs", classes="main--body")
        self.lines.stamps, self.lines.decimals = Stamps.TIME, 3

    @property
    def pane(self) -> LineView | None:
        """The logs, while they are shown."""
        return self.lines if self._hub else None

    @property
    def rows(self) -> RowTable | None:
        """The pods, while they are shown."""
        return None if self._hub else self.table

    def fields_of(self, row: Row) -> Mapping[str, str]:
        """For filters such as `status:Running`."""
        return fields_of(row)

    # The frame

    def compose_main(self) -> ComposeResult:
        """Pods and logs, one of them shown."""
        yield self.table
        yield self.lines

    def on_mount(self) -> None:
        """Begin to watch."""
        self.table.focus()
        self.run_worker(self.service.start(), group="start", exit_on_error=False)
        reports.follow("list pods", self._awaited, self.service.listen)

    def _awaited(self) -> str | None:
        """What the list still waits for."""
        gone = self.service.status.state in (State.LOST, State.FAILED)
        return "" if self.service.synced else None if gone else "connect"

    def refresh_rows(self) -> None:
        """The table changes with the rows."""
        if self.is_current:
            self._fill()
            if self._hub:
                self.lines.placeholder = Content(nothing_yet(self._hub))
            if self._opening and self.service.status.state is State.LIVE:
                opening, self._opening = self._opening, None
                self.open_logs(opening)
        super().refresh_rows()

    def _fill(self) -> None:
        service = self.service
        spaces = service.namespace is None
        now = datetime.now(UTC)
        self.table.set_rows([row_of(pod, now, with_namespace=spaces) for pod in service.pods.values()])
        if spaces != self._spaces:  # after the rows, whose cells the widths of these columns come from
            self._spaces = spaces
            self.table.set_columns((NAMESPACE, *COLUMNS) if spaces else COLUMNS)
        self.table.dimmed = service.status.state in (State.LOST, State.FAILED)
        where = service.namespace or "any namespace"
        if service.status.state is State.STARTING:
            self.table.placeholder = Content("Connecting …")
        elif service.status.state is State.LIVE:
            self.table.placeholder = Content(f"No pods in {where}. 0 shows all namespaces.")
        else:
            self.table.placeholder = Content("No pods to show: see above.")

    @property
    def said_status(self) -> Status:
        """What is wrong with the connection, else with the logs that are shown."""
        status = self.service.status
        return (self._hub and status.state is State.LIVE and trouble(self._hub)) or status

    def band_keys(self) -> Sequence[Part]:
        """Another try, and other contexts where there are some."""
        others = len(self.service.contexts) > 1
        return (*super().band_keys(), *([band_key("ctrl+o", "other", "")] if others else []))

    def where(self) -> Sequence[Part]:
        """Context, namespace, view."""
        service = self.service
        view = f"logs {self._hub.scope}" if self._hub else "pods"
        arrow = (" › ", "$foreground-muted")
        runs = (
            (service.context or "no context", ""),
            arrow,
            (service.namespace or "all", ""),
            arrow,
            (view, "bold"),
        )
        room = WIDE if self._hub else NARROW
        return (Part(runs if self.size.width >= room else (runs[-1],), keep=9),)

    def chips(self) -> Sequence[Part]:
        """Filter, and the namespaces by their digits."""
        if self._hub:
            return self.filter_chip()
        spaces = [
            part(
                f"{digit} {name}",
                "$accent" if name == (self.service.namespace or "all") else "$foreground-muted",
                keep=2,
            )
            for digit, name in self._digits().items()
        ]
        return (*self.filter_chip(), *(spaces if self.size.width >= WIDE else ()))

    def figures(self) -> Sequence[Part]:
        """What is counted in the list, or in the logs."""
        service = self.service
        hub = self._hub
        if hub is None:
            pods = service.pods
            faulty = sum(is_faulty(pod) for pod in pods.values())
            return (
                part(count(len(pods), "pod"), keep=9),
                *([part(f"▲ {faulty} faulty", "$error", keep=8)] if faulty else []),
                *([part(f"{len(self.table.marks)} marked", keep=6)] if self.table.marks else []),
                part(f"changes {self._rate.of(service.revision):.0f}/s", "$foreground-muted", keep=2),
                part(f"reconnects {service.reconnects}", "$foreground-muted", keep=1),
                *self._age(),
            )
        return (
            part(extent(hub), keep=7),
            *self.losses()[:1],
            part(f"{self._rate.of(hub.ring.next_seq):.0f}/s", keep=8),
            *([part(f"▲ {hub.queued} queued", "$warning", keep=8)] if hub.queued else []),
            *self.losses()[1:],
            *self.loss("gaps", hub.gaps),
            part(f"reconnects {hub.reconnects}", "$foreground-muted", keep=1),
        )

    def _age(self) -> Sequence[Part]:
        """How old the list is, where it is not kept up."""
        status = self.service.status
        if status.state not in (State.LOST, State.FAILED) or not self.service.pods:
            return ()
        return (part(f"list {clock(time.monotonic() - status.since)} old", "$warning", keep=8),)

    def commands(self) -> Sequence[Command]:
        """Logs, by command."""
        return (
            *super().commands(),
            Command("logs", "logs of a selector or a pod", self._logs_of, self._selectors, ("lg",)),
        )

    def action_retry(self) -> None:
        """Try the connection again now, and the logs that are shown."""
        super().action_retry()
        if self._hub:
            self._hub.retry()

    def restore_focus(self) -> None:
        """Back to what is shown."""
        (self.lines if self._hub else self.table).focus()

    def escape(self) -> bool:
        """End find and filter, then the logs."""
        if super().escape():
            return True
        if self._hub is None:
            return False
        hub, self._hub = self._hub, None
        self._rate = Rate()
        self.remove_class("-logs")
        self.run_worker(self.service.close(hub), group="close", exit_on_error=False)
        self.table.focus()
        self.refresh_rows()
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Logs are opened from the list; digits choose a namespace there only."""
        if action in ("logs", "namespace") and self._hub is not None:
            return False
        return super().check_action(action, parameters)

    # Logs

    def current(self) -> Pod | None:
        """The pod under the cursor."""
        return self.service.pods.get(self.table.cursor_key or "")

    @on(RowTable.Opened, "#pods")
    def _opened(self, event: RowTable.Opened) -> None:
        event.stop()
        self.action_logs()

    def action_logs(self) -> None:
        """Logs of all containers of the pod under the cursor."""
        if pod := self.current():
            self.open_logs(LogRequest(pod=pod.metadata.name, namespace=pod.metadata.namespace))

    def action_logs_by_label(self) -> None:
        """Ask for a selector, with the labels of the pod under the cursor to begin with."""
        pod = self.current()
        if self._hub and self._hub.scope.selector:
            selector = self._hub.scope.selector
        else:
            selector = selector_of(pod) if pod else ""
        self.prompt.ask(
            "selector",
            "selector ›",
            value=selector,
            typed=self._count_matching,
            done=lambda text: self.open_logs(LogRequest(selector=text.strip())),
            complete=lambda text: [each for each in self._selectors() if each.startswith(text)],
        )
        self._count_matching(selector)

    def _count_matching(self, selector: str) -> None:
        found = matching(self.service.pods, selector)
        self.prompt.note(f"{count(found, 'pod')}   enter tail" if found is not None else "enter tail")

    def _selectors(self) -> Sequence[str]:
        return sorted({selector_of(pod) for pod in self.service.pods.values()} - {""})

    def _logs_of(self, text: str) -> None:
        if not text:
            raise CommandError("logs of what? A selector (app=web) or a pod.")
        by_label = "=" in text or " in " in text
        self.open_logs(LogRequest(selector=text) if by_label else LogRequest(pod=text))

    def open_logs(self, request: LogRequest) -> bool:
        """Show logs in place of the list, or of other logs; as soon as the cluster answers, where it has not yet.

        False where there is no connection to read them by.
        """
        where = KEEP if request.namespace is None else request.namespace
        try:
            hub = self.service.logs(
                selector=request.selector, pod=request.pod, container=request.container, namespace=where
            )
        except KubeError as error:
            if self.service.status.state in (State.OFF, State.STARTING):
                self._opening = request
                self.host.toast("The logs open as soon as the cluster answers.")
                return True
            self.host.toast(f"{error.reason} {error.hint}".strip(), bad=True)
            return False
        if self._hub:
            self.run_worker(self.service.close(self._hub), group="close", exit_on_error=False)
        self._hub = hub
        reports.follow("tail logs", lambda: awaited(hub), hub.listen, hub.ring.listen)
        self._rate = Rate()
        self.lines.prefix = Sources().prefix
        self.lines.show(hub.ring)
        self._apply("")
        self.add_class("-logs")
        self.lines.follow = True
        self.lines.focus()
        self.refresh_rows()
        return True
