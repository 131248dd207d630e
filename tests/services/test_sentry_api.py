"""Reading a Sentry organisation from a server that speaks the documented answers, on good and bad days."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.telemetry.sentry_api.client import SentryApi, region_of
from opsterm.services.telemetry.sentry_api.errors import (
    AnswerError,
    BadSettingError,
    ForbiddenError,
    LoginError,
    NotFoundError,
    NoTokenError,
    SentryError,
    ThrottledError,
    UnreachableError,
)
from opsterm.services.telemetry.sentry_api.http import wait_of
from opsterm.services.telemetry.sentry_api.paging import next_cursor
from opsterm.services.telemetry.sentry_api.queries import OPERATIONS, SAMPLES, exactly, rows_of
from opsterm.services.telemetry.sentry_api.rows import Operation, Sample, SlowQuery, SlowTransaction
from opsterm.services.telemetry.sentry_api.settings import ApiSettings
from opsterm.services.telemetry.sentry_api.trace import trace_of
from tests.waiting import until

TOKEN = "sntryu_0123456789abcdef"
TRACE = "771a43a4192642f0b136d5159a501700"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeSentry:
    """Answers as Sentry does; a test gives the rows, or another answer for the tables."""

    def __init__(self) -> None:
        self.base = ""
        self.asked: list[web.Request] = []
        self.rows: list[dict[str, Any]] = []
        self.units: dict[str, str] = {}
        self.trace: Any = []
        self.organizations: list[dict[str, Any]] = [{"slug": "acme"}]
        self.region: Any = None
        self.instead: Answer | None = None
        self.slow = asyncio.Event()
        self.left = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> FakeSentry:
        app = web.Application()
        app.router.add_get("/api/0/organizations/", self._organizations)
        app.router.add_get("/api/0/organizations/{name}/", self._organization)
        app.router.add_get("/api/0/organizations/{name}/events/", self._events)
        app.router.add_get("/api/0/organizations/{name}/trace/{id}/", self._trace)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    @property
    def last(self) -> web.Request:
        return self.asked[-1]

    async def _organizations(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return web.json_response(self.organizations)

    async def _organization(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if request.match_info["name"] not in [each["slug"] for each in self.organizations]:
            return web.json_response({"detail": "The requested resource does not exist"}, status=404)
        return web.json_response({"slug": "acme", "links": {"regionUrl": self.region or self.base}})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if self.instead:
            return await self.instead(request)
        begin = int(request.query.get("cursor", "0:0:0").split(":")[1])
        size = int(request.query["per_page"])
        more = str(begin + size < len(self.rows)).lower()
        url = f"https://elsewhere.example{request.path}"
        link = (
            f'<{url}?cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", '
            f'<{url}?cursor=0:{begin + size}:0>; rel="next"; results="{more}"; cursor="0:{begin + size}:0"'
        )
        body = {"data": self.rows[begin : begin + size], "meta": {"fields": {}, "units": self.units}}
        return web.json_response(body, headers={"Link": link})

    async def _trace(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return web.json_response(self.trace)


@pytest.fixture
async def sentry() -> AsyncIterator[FakeSentry]:
    async with FakeSentry() as sentry:
        yield sentry


@pytest.fixture
async def api(sentry: FakeSentry) -> AsyncIterator[SentryApi]:
    async with SentryApi(ApiSettings(TOKEN, "acme", sentry.base)) as api:
        yield api


async def test_the_slowest_transactions(sentry: FakeSentry, api: SentryApi) -> None:
    sentry.units = {"p95(span.duration)": "millisecond", "max(span.duration)": "second"}
    sentry.rows = [
        {
            "transaction": "/cart\x1b[31m",
            "project": "shop",
            "count()": 12,
            "p50(span.duration)": 40.0,
            "p95(span.duration)": 812.5,
            "max(span.duration)": 2.5,
            "failure_rate()": 0.25,
        },
        {"transaction": None},
        "junk",  # type: ignore[list-item]
    ]
    page = await api.slowest_transactions()
    assert page.rows == (SlowTransaction("/cart", "shop", 12, 0.04, 0.8125, 2.5, 0.25),)
    assert (page.cursor, page.unreadable) == ("", 2)
    asked = sentry.last
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert asked.path == "/api/0/organizations/acme/events/"
    assert asked.query["dataset"] == "spans"
    assert asked.query["query"] == "is_transaction:true"
    assert asked.query["sort"].lstrip("-") in asked.query.getall("field")
    assert int(asked.query["per_page"]) <= 100


async def test_operations_of_a_transaction(sentry: FakeSentry, api: SentryApi) -> None:
    sentry.rows = [
        {"span.op": "db", "count()": 3, "sum(span.duration)": 1500.0, "p95(span.duration)": 900.0},
        {"span.op": None, "count()": 1, "sum(span.duration)": 1.0, "p95(span.duration)": None},
    ]
    page = await api.operations(transaction='/say "hi" *')
    assert page.rows == (Operation("db", 3, 1.5, 0.9), Operation("(none)", 1, 0.001, 0.0))
    assert sentry.last.query["query"] == r'transaction:"/say \"hi\" \*"'


async def test_slow_queries(sentry: FakeSentry, api: SentryApi) -> None:
    row = {"span.description": "SELECT 1", "db.system": "sqlite", "count()": 2, "p95(span.duration)": 600}
    sentry.rows = [{**row, "sum(span.duration)": 1200}]
    assert (await api.slow_queries()).rows == (SlowQuery("SELECT 1", "sqlite", 2, 1.2, 0.6),)
    assert sentry.last.query["query"] == "has:db.system"


async def test_samples_of_a_query(sentry: FakeSentry, api: SentryApi) -> None:
    sentry.rows = [
        {
            "id": "a1",
            "trace": TRACE,
            "transaction": "/cart",
            "span.op": "db",
            "span.description": "SELECT 1",
            "span.duration": 600,
            "project": "shop",
            "timestamp": "2026-11-24T10:00:00+00:00",
        }
    ]
    found = (await api.samples(query="SELECT 1", transaction="/cart")).rows
    assert found == (Sample(TRACE, "a1", "/cart", "db", "SELECT 1", "shop", 0.6, 1795514400.0),)
    assert sentry.last.query["query"] == 'span.description:"SELECT 1" transaction:"/cart"'
    await api.samples()
    assert sentry.last.query["query"] == "is_transaction:true"
    assert not [field for field in sentry.last.query.getall("field") if "(" in field]  # no figures beside ids


async def test_pages_follow_one_another_by_their_cursor(sentry: FakeSentry, api: SentryApi) -> None:
    sentry.rows = [{"transaction": f"/{number}"} for number in range(250)]
    names: list[str] = []
    cursor = ""
    for _ in range(3):
        page = await api.slowest_transactions(cursor=cursor)
        names += [row.name for row in page.rows]
        cursor = page.cursor
    assert names == [f"/{number}" for number in range(250)]
    assert cursor == ""
    assert len(sentry.asked) == 4  # the organisation once


def span(name: str, start: float, end: float, *children: Any, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"{name}-id",
        "event_type": "span",
        "parent_span_id": None,
        "op": name,
        "description": f"does {name}",
        "name": name,
        "start_timestamp": f"2026-11-24T10:00:{start:06.3f}Z",
        "end_timestamp": f"2026-11-24T10:00:{end:06.3f}Z",
        "duration": (end - start) * 1000,
        "transaction": "GET /cart",
        "is_transaction": False,
        "sdk_name": "sentry.python.flask",
        "project_slug": "shop",
        "errors": [],
        "occurrences": [],
        "children": list(children),
        **more,
    }


async def test_a_trace_becomes_its_transactions_with_their_spans(sentry: FakeSentry, api: SentryApi) -> None:
    error = {
        "event_id": "e1",
        "event_type": "error",
        "issue_id": 7,
        "description": "KeyError: 'user'",
        "level": "error",
        "start_timestamp": 1795514400.5,
        "transaction": "GET /cart",
    }
    inner = span("http.server", 0.3, 0.5, span("cache", 0.35, 0.4), is_transaction=True, transaction="GET /price")
    status = {"span.status": "internal_error", "db.system": "sqlite", "release": "shop@1", "environment": "dev"}
    database = span("db", 0.1, 0.2, additional_attributes={"span.status": "ok", "db.system": "sqlite"})
    client = span("http.client", 0.25, 0.55, inner)
    sentry.trace = [
        span(
            "http.server", 0.0, 0.6, database, client, is_transaction=True, errors=[error, error],
            additional_attributes=status,
        ),
        error,
        {"event_type": "uptime_check", "start_timestamp": 1.0},
        None,
    ]  # fmt: skip
    trace = await api.trace(TRACE.upper())
    outer, price = trace.transactions
    assert (outer.name, outer.trace_id, outer.failed) == ("GET /cart", TRACE, True)
    assert (outer.release, outer.environment, outer.sdk) == ("shop@1", "dev", "sentry.python.flask")
    assert outer.seconds == pytest.approx(0.6)
    assert [(each.op, each.description) for each in outer.spans] == [
        ("db", "does db"),
        ("http.client", "does http.client"),
    ]
    assert outer.spans[0].data["db.system"] == "sqlite"
    assert (price.name, [each.op for each in price.spans]) == ("GET /price", ["cache"])
    (raised,) = trace.errors
    assert (raised.title, raised.trace_id) == ("KeyError: 'user'", TRACE)
    assert trace.left_out == 2
    assert sentry.last.path.endswith(f"/trace/{TRACE}/")


async def test_the_only_organization_is_found(sentry: FakeSentry) -> None:
    async with SentryApi(ApiSettings(TOKEN, base=sentry.base)) as api:
        await api.operations()
        assert api.organization == "acme"
        assert sentry.last.path == "/api/0/organizations/acme/events/"


@pytest.mark.parametrize(
    ("organizations", "said"),
    [([], "The token sees no organization."), ([{"slug": "b"}, {"slug": "a"}], "Which organization: a, b?")],
)
async def test_none_or_several_organizations(
    sentry: FakeSentry, organizations: list[dict[str, Any]], said: str
) -> None:
    sentry.organizations = organizations
    async with SentryApi(ApiSettings(TOKEN, base=sentry.base)) as api:
        with pytest.raises(BadSettingError) as caught:
            await api.operations()
    assert caught.value.reason == said
    assert "SENTRY_ORG" in caught.value.hint


@pytest.mark.parametrize(
    "region",
    ["https://evil.example", "http://x.127.0.0.1:1", "https://me:pw@x.127.0.0.1", "https://[", 7, "file:///etc"],
)
async def test_a_token_goes_to_no_server_of_another_name(sentry: FakeSentry, api: SentryApi, region: Any) -> None:
    sentry.region = region
    await api.operations()
    assert len(sentry.asked) == 2  # both at the one server


def test_a_region_below_the_name_of_the_server_is_used() -> None:
    assert region_of({"links": {"regionUrl": "https://de.sentry.io"}}, "https://sentry.io") == "https://de.sentry.io"
    assert region_of({"links": {"regionUrl": "https://desentry.io"}}, "https://sentry.io") == "https://sentry.io"
    assert region_of({"links": {"regionUrl": "http://de.sentry.io"}}, "https://sentry.io") == "https://sentry.io"


async def test_a_region_that_is_given_is_asked(sentry: FakeSentry) -> None:
    async with SentryApi(ApiSettings(TOKEN, "acme", "http://127.0.0.1:9", region=sentry.base)) as api:
        await api.operations()
    assert len(sentry.asked) == 1


def instead(status: int, body: Any, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json", headers=headers)

    return answer


async def failure(sentry: FakeSentry, answer: Answer, token: str = TOKEN) -> SentryError:
    sentry.instead = answer
    async with SentryApi(ApiSettings(token, "acme", sentry.base)) as api:
        with pytest.raises(SentryError) as caught:
            await api.slowest_transactions()
    text = f"{caught.value} {caught.value.reason} {caught.value.hint} {caught.value!r} {api.settings!r}"
    assert token not in text
    assert "\n" not in text
    assert caught.value.reason
    assert caught.value.hint
    return caught.value


async def test_401(sentry: FakeSentry) -> None:
    error = await failure(sentry, instead(401, {"detail": "Invalid token"}))
    assert isinstance(error, LoginError)
    assert "does not accept the token" in error.reason
    assert "SENTRY_AUTH_TOKEN" in error.hint


async def test_403(sentry: FakeSentry) -> None:
    error = await failure(sentry, instead(403, {"detail": f"You do not have permission with {TOKEN}."}))
    assert isinstance(error, ForbiddenError)
    assert "may not read transactions (You do not have permission with …)" in error.reason
    assert "org:read, project:read and event:read" in error.hint


@pytest.mark.parametrize("status", [401, 403])
async def test_an_organization_token_is_not_enough(sentry: FakeSentry, status: int) -> None:
    error = await failure(sentry, instead(status, {}), "sntrys_abcdefghijkl")
    assert error.hint.startswith("An organization token (sntrys_) is not enough")


async def test_404(sentry: FakeSentry) -> None:
    sentry.organizations = []
    error = await failure(sentry, instead(500, {}))
    assert isinstance(error, NotFoundError)
    assert error.reason.endswith("no organization acme.")


async def test_429(sentry: FakeSentry) -> None:
    error = await failure(sentry, instead(429, {"detail": "Slow down"}, **{"Retry-After": "17"}))
    assert isinstance(error, ThrottledError)
    assert error.retry_after == 17
    assert error.hint == "It may be asked again in 17 s."


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3"}, 3),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "99999999"}, 3600),
        ({"X-Sentry-Rate-Limit-Reset": "1030"}, 30),
        ({"X-Sentry-Rate-Limit-Reset": "10"}, 1),
        ({"Retry-After": "soon", "X-Sentry-Rate-Limit-Reset": "1030"}, 30),
        ({"X-Sentry-Rate-Limit-Reset": "nan"}, 5),
        ({}, 5),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    assert wait_of(headers, now=1000.0) == seconds


async def test_500(sentry: FakeSentry) -> None:
    error = await failure(sentry, instead(502, "<html>bad gateway</html>"))
    assert isinstance(error, AnswerError)
    assert error.status == 502
    assert error.reason.endswith("502 instead of an answer.")


async def test_it_goes_nowhere_else_by_a_redirect(sentry: FakeSentry) -> None:
    error = await failure(sentry, instead(302, "", Location=f"{sentry.base}/api/0/organizations/"))
    assert isinstance(error, AnswerError)
    assert "sends elsewhere (302)" in error.reason
    assert len(sentry.asked) == 2


@pytest.mark.parametrize(
    "body", ["", "<html>", "{", "[" * 100_000, "[]", "null", '"x"', '{"data": 3}', '{"meta": {}}', "\x00\ud7ff"]
)
async def test_junk(sentry: FakeSentry, body: str) -> None:
    error = await failure(sentry, instead(200, body))
    assert isinstance(error, AnswerError)


async def test_an_answer_without_end_is_cut(sentry: FakeSentry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsterm.services.telemetry.sentry_api.http.MOST_BYTES", 1024 * 1024)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 65536)

    error = await failure(sentry, endless)
    assert "an answer of more than 1 MB" in error.reason


async def test_an_answer_that_breaks_off(sentry: FakeSentry) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        assert request.transport
        request.transport.close()
        return web.Response()

    error = await failure(sentry, broken)
    assert isinstance(error, UnreachableError)


async def stalled(sentry: FakeSentry) -> web.StreamResponse:
    sentry.slow.set()
    try:
        await asyncio.Event().wait()
    finally:
        sentry.left.set()
    raise AssertionError


async def test_a_slow_answer_is_given_up(sentry: FakeSentry) -> None:
    sentry.instead = lambda _: stalled(sentry)
    async with SentryApi(ApiSettings(TOKEN, "acme", sentry.base, timeout=0.3)) as api:
        with pytest.raises(UnreachableError, match=r"no answer within 0\.3 s"):
            await api.operations()


async def test_a_slow_answer_can_be_cancelled_and_the_server_is_left(sentry: FakeSentry, api: SentryApi) -> None:
    sentry.instead = lambda _: stalled(sentry)
    asking = asyncio.create_task(api.operations())
    await until(sentry.slow.is_set, "the server is asked")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(sentry.left.is_set, "the connection is closed")
    sentry.instead = None
    assert (await api.operations()).rows == ()


async def test_nobody_answers() -> None:
    async with SentryApi(ApiSettings(TOKEN, "acme", "http://127.0.0.1:9")) as api:
        with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:9 unreachable"):
            await api.operations()
    async with SentryApi(ApiSettings(TOKEN, "acme", "https://no-such-host.invalid")) as api:
        with pytest.raises(UnreachableError, match="unreachable"):
            await api.operations()


@pytest.mark.parametrize("trace_id", ["", "x", "../../projects/", TRACE[:-1], f"{TRACE}0", "g" * 32])
async def test_what_is_no_trace_id_is_not_asked_for(sentry: FakeSentry, api: SentryApi, trace_id: str) -> None:
    with pytest.raises(BadSettingError):
        await api.trace(trace_id)
    assert not sentry.asked


@pytest.mark.parametrize("body", [{}, None, "x", 3])
async def test_no_trace(sentry: FakeSentry, api: SentryApi, body: Any) -> None:
    sentry.trace = body
    with pytest.raises(AnswerError, match="no trace"):
        await api.trace(TRACE)


def test_settings_of_the_environment() -> None:
    found = ApiSettings.of(
        {"SENTRY_AUTH_TOKEN": f" {TOKEN}\n", "SENTRY_URL": "https://s.example/", "SENTRY_ORG": "a-b"}
    )
    assert found == ApiSettings(TOKEN, "a-b", "https://s.example")
    assert ApiSettings.of({"SENTRY_AUTH_TOKEN": TOKEN}).base == "https://sentry.io"
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "No token for Sentry."),
        ({"SENTRY_AUTH_TOKEN": "https://hunter2@o1.ingest.sentry.io/1"}, "This is a DSN, not a token"),
        ({"SENTRY_AUTH_TOKEN": "hunter2 x"}, "has characters that no token has"),
        ({"SENTRY_AUTH_TOKEN": "hunter2\x1b"}, "has characters that no token has"),
    ],
)
def test_no_token(environment: dict[str, str], said: str) -> None:
    with pytest.raises(NoTokenError) as caught:
        ApiSettings.of(environment)
    assert said in caught.value.reason
    assert "SENTRY_AUTH_TOKEN" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["sentry.io", "ftp://s.example", "https://me:hunter2@s.example", "https://", "http://h:x"]
)
def test_no_address(url: str) -> None:
    with pytest.raises(BadSettingError) as caught:
        ApiSettings(TOKEN, base=url)
    assert "hunter2" not in str(caught.value)


def test_no_organization() -> None:
    with pytest.raises(BadSettingError):
        ApiSettings(TOKEN, "../x")


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        ('<https://x/?cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"', "0:100:0"),
        ('<https://x/?a=1,2>; rel="previous"; results="true"; cursor="0:0:1"', ""),
        ('<https://x/>; rel="next"; results="false"; cursor="0:100:0"', ""),
        ('<https://x/>; rel="next"; results="true"', ""),
        ("", ""),
        ("junk; rel=next", ""),
    ],
)
def test_the_next_page(link: str, cursor: str) -> None:
    assert next_cursor(link) == cursor


@given(st.text())
def test_a_link_header_of_any_text(link: str) -> None:
    assert isinstance(next_cursor(link), str)


@given(st.text(alphabet='ab "\\*:'))
def test_a_search_is_one_quoted_text(value: str) -> None:
    query = exactly("transaction", value)
    inside = query.removeprefix('transaction:"').removesuffix('"')
    plain = inside.replace("\\\\", "").replace('\\"', "").replace("\\*", "")
    assert '"' not in plain
    assert "*" not in plain


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["data", "meta", "units", "trace", "children", "errors"]), inner)
        | st.dictionaries(
            st.sampled_from(["event_id", "start_timestamp", "end_timestamp", "additional_attributes"]), inner
        )
    ),
    max_leaves=30,
)


@given(JSON)
def test_answers_of_any_shape_are_read_or_refused(value: Any) -> None:
    for query in (OPERATIONS, SAMPLES):
        rows_of(query, value)
    trace_of(TRACE, value)
    trace_of(TRACE, [value, {"children": [value], "start_timestamp": 10**400}])


def test_a_deep_trace_is_read_to_its_bottom() -> None:
    event: dict[str, Any] = span("leaf", 0.0, 0.1)
    for _ in range(30_000):
        event = span("deeper", 0.0, 0.1, event)
    trace = trace_of(TRACE, [event])
    assert trace
    assert len(trace.transactions[0].spans) == 20_000 - 1
    assert trace.left_out == 10_001
