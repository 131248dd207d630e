"""A Sentry organisation in the place of the receiver: what is slow there, and single traces as waterfalls."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from opsterm.screens.tabs import Tab
from opsterm.screens.trace_jumps import TraceJumps
from opsterm.screens.trace_rows import clock
from opsterm.services.telemetry.analysis.words import duration
from opsterm.widgets.bar import Part, part
from opsterm.widgets.row_table import Cell, Column, Row, RowTable

if TYPE_CHECKING:
    from opsterm.services.telemetry.sentry_api.client import SentryApi
    from opsterm.services.telemetry.sentry_api.rows import Operation, Sample, SlowQuery, SlowTransaction

_TRANSACTIONS = (
    Column("name", "TRANSACTION", priority=0, min_width=16, flexible=True),
    Column("count", "COUNT", align="right", priority=2),
    Column("p50", "P50", align="right", priority=4),
    Column("p95", "P95", align="right", priority=1),
    Column("max", "MAX", align="right", priority=5),
    Column("failed", "FAILED", align="right", priority=3),
    Column("project", "PROJECT", priority=6),
)
_OPERATIONS = (
    Column("op", "OPERATION", priority=0, min_width=16, flexible=True),
    Column("count", "COUNT", align="right", priority=2),
    Column("total", "TOTAL", align="right", priority=1),
    Column("p95", "P95", align="right", priority=3),
)
_QUERIES = (
    Column("query", "QUERY", priority=0, min_width=20, flexible=True),
    Column("count", "COUNT", align="right", priority=3),
    Column("total", "TOTAL", align="right", priority=2),
    Column("p95", "P95", align="right", priority=1),
    Column("system", "DATABASE", priority=4),
)
_SAMPLES = (
    Column("time", "TIME", priority=1),
    Column("took", "TOOK", align="right", priority=0),
    Column("what", "WHAT", priority=2, flexible=True),
    Column("trace", "TRACE", priority=3),
)
VIEWS = ("transactions", "operations", "queries")


class TraceOrganization(TraceJumps):
    """The part of the tab that asks a Sentry server, as SENTRY_AUTH_TOKEN, SENTRY_ORG and SENTRY_URL say."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "source", "Source", id="traces.source", tooltip="The receiver, or a Sentry organisation"),
    ]

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._api: SentryApi | None = None
        self._asked = ""  # what is shown of the organisation; empty while the receiver is
        self._back = ""  # what was shown before its samples
        self._question: Callable[[], Coroutine[Any, Any, Sequence[Row]]] | None = None
        self.tables |= {
            "org transactions": RowTable(_TRANSACTIONS, id="org-transactions"),
            "org operations": RowTable(_OPERATIONS, id="org-operations"),
            "org queries": RowTable(_QUERIES, id="org-queries"),
            "org samples": RowTable(_SAMPLES, id="org-samples"),
        }

    async def on_unmount(self) -> None:
        """Let go of the connections."""
        if self._api is not None:
            await self._api.close()

    @property
    def shown(self) -> str:
        """A table of the organisation, while that is asked and no trace is open."""
        return f"org {self._asked}" if self._asked and self.transaction is None else super().shown

    @property
    def organization(self) -> str:
        """Its name, or the server's while that is not known; empty while the receiver is shown."""
        if not self._asked or self._api is None:
            return ""
        from opsterm.services.telemetry.sentry_api.settings import host_of  # noqa: PLC0415  with an organisation

        return self._api.organization or host_of(self._api.settings.base)

    def organization_views(self) -> Sequence[Part]:
        """Its views, by their digits."""
        return [
            part(
                f"{number} {name.title()}",
                "$accent" if name == self._asked else "$foreground-muted",
                id=f"view {name}",
            )
            for number, name in enumerate(VIEWS, 1)
        ]

    def action_source(self) -> None:
        """To the organisation, or back to the receiver."""
        self.name_shown, self.transaction = "", None
        if self._asked:
            self._asked = ""
            self.show_view()
            return
        from opsterm.services.telemetry.sentry_api.client import SentryApi  # noqa: PLC0415  with an organisation
        from opsterm.services.telemetry.sentry_api.errors import SentryError  # noqa: PLC0415
        from opsterm.services.telemetry.sentry_api.settings import ApiSettings  # noqa: PLC0415

        try:
            self._api = self._api or SentryApi(ApiSettings.of())
        except SentryError as error:
            self.host.toast(f"{error.reason} {error.hint}".rstrip(), bad=True)
            return
        self.view = "transactions"
        self.ask("transactions")

    def action_view(self, name: str) -> None:
        """The view with this name, of the organisation while that is asked."""
        if not self._asked:
            super().action_view(name)
            return
        here = {"transactions": "transactions", "errors": "operations", "logs": "queries"}.get(name, name)
        if here in VIEWS:
            self.transaction = None
            self.ask(here)

    def action_retry(self) -> None:
        """Ask again."""
        if self._asked:
            self.ask(self._asked)
        else:
            super().action_retry()

    # Questions

    def ask(self, what: str, question: Callable[[], Coroutine[Any, Any, Sequence[Row]]] | None = None) -> None:
        """Show a table of the organisation, and fill it with what is answered."""
        self._asked = what
        if what != "samples":
            self._question = getattr(self, f"_ask_{what}")
        elif question is not None:
            self._question = question
        self.show_view()
        table = self.tables[self.shown]
        table.dimmed = True
        table.placeholder = Content(f"Asking {self.organization} …")
        self.run_worker(self._answer(table), group="sentry", exclusive=True, exit_on_error=False)

    async def _answer(self, table: RowTable) -> None:
        from opsterm.services.telemetry.sentry_api.errors import SentryError  # noqa: PLC0415  with an organisation

        assert self._question is not None
        try:
            rows = await self._question()
        except SentryError as error:
            said = f"{error.reason} {error.hint}".rstrip()
            table.placeholder = Content(f"{said} r asks again.")
            self.host.toast(said, bad=True)
        else:
            table.set_rows(rows)
            table.placeholder = Content("Nothing in the last 24 hours.")
            table.dimmed = False
        self.refresh_rows()

    async def _ask_transactions(self) -> Sequence[Row]:
        assert self._api is not None
        return [_transaction(each) for each in (await self._api.slowest_transactions()).rows]

    async def _ask_operations(self) -> Sequence[Row]:
        assert self._api is not None
        return [_operation(each) for each in (await self._api.operations()).rows]

    async def _ask_queries(self) -> Sequence[Row]:
        assert self._api is not None
        return [_query(each) for each in (await self._api.slow_queries()).rows]

    async def _samples_of(self, transaction: str, query: str) -> Sequence[Row]:
        assert self._api is not None
        page = await self._api.samples(transaction=transaction, query=query)
        return [_sample(each) for each in page.rows]

    async def _open_trace(self, trace_id: str) -> None:
        from opsterm.services.telemetry.sentry_api.errors import SentryError  # noqa: PLC0415  with an organisation

        assert self._api is not None
        try:
            trace = await self._api.trace(trace_id)
        except SentryError as error:
            self.host.toast(f"{error.reason} {error.hint}".rstrip(), bad=True)
            return
        if trace.transactions:
            self.open_transaction(max(trace.transactions, key=lambda each: each.seconds))
        else:
            self.host.toast("This trace has no transaction that can be shown.", bad=True)

    # Going about

    def open_row(self, key: str) -> None:
        """From a name or a query to its slowest samples, from one of these to its trace."""
        if self.shown in ("org transactions", "org queries"):
            self._back = self._asked
            name, query = (key, "") if self._asked == "transactions" else ("", key)
            self.ask("samples", lambda: self._samples_of(name, query))
        elif self.shown == "org samples":
            work = self._open_trace(key.partition(" ")[0])
            self.run_worker(work, group="sentry", exclusive=True, exit_on_error=False)
        else:
            super().open_row(key)

    def escape(self) -> bool:
        """Back to the samples, to the table they are of, to the receiver."""
        if not self._asked:
            return super().escape()
        if self.transaction is not None:
            self.name_shown, self.transaction = "", None
            self.show_view()
        elif self._asked == "samples":
            self.ask(self._back)
        elif not super().escape():
            self.action_source()
        return True


def _transaction(each: SlowTransaction) -> Row:
    return Row(
        each.name,
        (
            each.name,
            Cell(f"{each.count:,}", "", each.count),
            Cell(duration(each.p50), "", each.p50),
            Cell(duration(each.p95), "", each.p95),
            Cell(duration(each.slowest), "", each.slowest),
            Cell(f"{each.failure_rate:.1%}", "error" if each.failure_rate else "muted", each.failure_rate),
            Cell(each.project, "muted"),
        ),
        search=f"{each.name} {each.project}",
    )


def _operation(each: Operation) -> Row:
    figures = (
        Cell(f"{each.count:,}", "", each.count),
        Cell(duration(each.total), "", each.total),
        Cell(duration(each.p95), "", each.p95),
    )
    return Row(each.op, (each.op, *figures), search=each.op)


def _query(each: SlowQuery) -> Row:
    figures = (
        Cell(f"{each.count:,}", "", each.count),
        Cell(duration(each.total), "", each.total),
        Cell(duration(each.p95), "", each.p95),
        Cell(each.system, "muted"),
    )
    return Row(each.description, (each.description, *figures), search=each.description)


def _sample(each: Sample) -> Row:
    what = each.description if each.op.startswith("db") and each.description else each.transaction
    return Row(
        f"{each.trace_id} {each.span_id}",
        (
            Cell(clock(each.time), "muted", each.time),
            Cell(duration(each.seconds), "", each.seconds),
            what,
            Cell(each.trace_id[:6], "muted"),
        ),
        search=f"{what} {each.trace_id}",
    )
