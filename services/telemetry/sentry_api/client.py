"""A Sentry organisation as a source of traces: what is slow there, and single traces to look into."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

from opsterm.services.telemetry.sentry_api.errors import AnswerError, BadSettingError
from opsterm.services.telemetry.sentry_api.http import Http
from opsterm.services.telemetry.sentry_api.paging import Page, next_cursor
from opsterm.services.telemetry.sentry_api.queries import (
    OPERATIONS,
    SAMPLES,
    SLOW_QUERIES,
    SLOWEST_TRANSACTIONS,
    Query,
    exactly,
    rows_of,
)
from opsterm.services.telemetry.sentry_api.rows import Operation, Sample, SlowQuery, SlowTransaction
from opsterm.services.telemetry.sentry_api.settings import ApiSettings, host_of
from opsterm.services.telemetry.sentry_api.trace import ATTRIBUTES, Trace, trace_of
from opsterm.services.telemetry.sentry_api.values import items, mapping, text

Row = TypeVar("Row")
PERIOD = "24h"
"""Over which time is asked, as Sentry writes it: a number and one of s, m, h, d, w."""
MOST_ROWS = 100
"""Of one page; the interface has no more."""
_TRACE = re.compile(r"[0-9a-f]{32}")


class SentryApi:
    """Asks a Sentry server. Every question raises SentryError, and may be cancelled at any moment.

    Belongs on one event loop; use it as an asynchronous context, or `close` it.
    """

    def __init__(self, settings: ApiSettings) -> None:
        self.settings = settings
        self.organization = settings.organization
        """The short name of what is read; found out with the first question where it was not given."""
        self._region = settings.region
        self._http = Http(settings.token, settings.timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections; another question opens them again."""
        await self._http.close()

    async def slowest_transactions(self, *, period: str = PERIOD, cursor: str = "") -> Page[SlowTransaction]:
        """Transactions by name, those with the highest 95th percentile first."""
        return await self._table(SLOWEST_TRANSACTIONS, period, cursor)

    async def operations(self, *, transaction: str = "", period: str = PERIOD, cursor: str = "") -> Page[Operation]:
        """Time by operation, most of it first; of all, or of the transactions of one name."""
        return await self._table(OPERATIONS, period, cursor, _of(transaction))

    async def slow_queries(self, *, transaction: str = "", period: str = PERIOD, cursor: str = "") -> Page[SlowQuery]:
        """Database queries, those with the highest 95th percentile first."""
        return await self._table(SLOW_QUERIES, period, cursor, _of(transaction))

    async def samples(
        self, *, transaction: str = "", query: str = "", period: str = PERIOD, cursor: str = ""
    ) -> Page[Sample]:
        """The slowest transactions one by one, of all or of one name; with the text of a `query`, the spans of it."""
        search = exactly("span.description", query) if query else "is_transaction:true"
        return await self._table(
            SAMPLES, period, cursor, " ".join(part for part in (search, _of(transaction)) if part)
        )

    async def trace(self, trace_id: str, *, period: str = "14d") -> Trace:
        """One trace, whole, of the last `period`. Raises BadSettingError for what is no trace id."""
        wanted = trace_id.strip().casefold().replace("-", "")
        if not _TRACE.fullmatch(wanted):
            raise BadSettingError("This is no trace id.", "One has 32 hexadecimal digits.")
        url = f"{await self._organization()}/trace/{wanted}/"
        asked = [("statsPeriod", period), *(("additional_attributes", name) for name in ATTRIBUTES)]
        answer = await self._http.get(url, f"trace {wanted[:8]}", asked)
        if (trace := trace_of(wanted, answer.value)) is None:
            raise AnswerError(host_of(url), "an answer that is no trace")
        return trace

    async def _table(self, query: Query[Row], period: str, cursor: str, search: str = "") -> Page[Row]:
        url = f"{await self._organization()}/events/"
        asked = query.parameters(period=period, per_page=MOST_ROWS, cursor=cursor, search=search)
        answer = await self._http.get(url, query.what, asked)
        if (found := rows_of(query, answer.value)) is None:
            raise AnswerError(host_of(url), "an answer that is no table")
        rows, unreadable = found
        return Page(rows, next_cursor(answer.link), unreadable)

    async def _organization(self) -> str:
        """The address of the organisation, on the server that has its data."""
        base = self.settings.base
        if not self.organization:
            answer = await self._http.get(f"{base}/api/0/organizations/", "organizations")
            self.organization = _only(answer.value)
        name = quote(self.organization, safe="")
        if not self._region:
            answer = await self._http.get(f"{base}/api/0/organizations/{name}/", f"organization {self.organization}")
            self._region = region_of(answer.value, base)
        return f"{self._region}/api/0/organizations/{name}"


def _of(transaction: str) -> str:
    return exactly("transaction", transaction) if transaction else ""


def _only(value: Any) -> str:
    """The one organisation that a token sees."""
    names = [name for each in items(value) if (name := text(mapping(each).get("slug")))]
    if len(names) == 1:
        return names[0]
    if not names:
        raise BadSettingError("The token sees no organization.", "Name one in SENTRY_ORG.")
    raise BadSettingError(f"Which organization: {', '.join(sorted(names)[:10])}?", "Name one in SENTRY_ORG.")


def region_of(value: Any, base: str) -> str:
    """Where the data of an organisation are: what the server names, as far as the token may go there.

    It may go to the same server, and to others below the same name (`us.sentry.io` of `sentry.io`), by TLS.
    """
    named = mapping(mapping(value).get("links")).get("regionUrl")
    if not isinstance(named, str):
        return base
    try:
        there, here = urlsplit(named), urlsplit(base)
        same = (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
    except ValueError:
        return base
    below = there.scheme == "https" and (there.hostname or "").endswith(f".{here.hostname}") and not there.username
    return f"{there.scheme}://{host_of(named)}" if same or below else base
