"""A Sentry organisation in the Traces tab, on a server that speaks the documented answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from opsterm.screens.traces import TracesScreen
from tests.screens.frame_app import said, says
from tests.screens.test_traces_screen import program
from tests.services.test_sentry_api import TOKEN, TRACE, FakeSentry, span
from tests.waiting import until

TRANSACTIONS = [{"transaction": "GET /cart", "project": "shop", "count()": 12, "p95(span.duration)": 812.5}]
SAMPLES = [
    {
        "id": "a1",
        "trace": TRACE,
        "transaction": "GET /cart",
        "span.op": "http.server",
        "span.duration": 600,
        "project": "shop",
        "timestamp": "2026-11-24T10:00:00+00:00",
    }
]


async def test_from_the_slowest_name_to_a_trace_and_back_to_the_receiver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeSentry() as sentry:
        monkeypatch.setenv("SENTRY_AUTH_TOKEN", TOKEN)
        monkeypatch.setenv("SENTRY_URL", sentry.base)
        sentry.rows = TRANSACTIONS
        database = span("db", 0.1, 0.4)
        sentry.trace = [span("http.server", 0.0, 0.6, database, is_transaction=True)]
        app = program(tmp_path)
        async with app.run_test(size=(120, 30), notifications=True) as pilot:
            await until(lambda: says(app, "No traces yet"), "the receiver")
            await pilot.press("ctrl+o")
            await until(lambda: says(app, "sentry acme") and says(app, "GET /cart"), "the slowest names")
            assert says(app, "812 ms")
            sentry.rows = SAMPLES
            await pilot.press("enter")
            await until(lambda: says(app, "WHAT") and says(app, "600 ms"), "samples of the name")
            await pilot.press("enter")
            await until(lambda: says(app, "├ db does db") or says(app, "└ db does db"), "the waterfall")
            await pilot.press("escape")
            await until(lambda: says(app, "WHAT"), "back to the samples")
            sentry.rows = [{"span.op": "db", "count()": 3, "sum(span.duration)": 1500.0}]
            await pilot.press("2")
            await until(lambda: says(app, "OPERATION") and says(app, "1.50 s"), "by operation")
            await pilot.press("ctrl+o")
            await until(lambda: says(app, "No traces yet"), "the receiver again")
            assert all(TOKEN not in text for text in said(app))


async def test_what_the_server_refuses_is_said_and_r_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forbidden(_: web.Request) -> web.StreamResponse:
        return web.json_response({"detail": "no"}, status=403)

    async with FakeSentry() as sentry:
        app = program(tmp_path)
        async with app.run_test(size=(120, 30), notifications=True) as pilot:
            await until(lambda: says(app, "No traces yet"), "the receiver")
            monkeypatch.delenv("SENTRY_AUTH_TOKEN", raising=False)
            await pilot.press("ctrl+o")
            await until(lambda: any("No token for Sentry." in text for text in said(app)), "that a token is needed")
            assert isinstance(app.screen, TracesScreen)
            assert app.screen.organization == ""
            monkeypatch.setenv("SENTRY_AUTH_TOKEN", TOKEN)
            monkeypatch.setenv("SENTRY_URL", sentry.base)
            sentry.instead = forbidden
            await pilot.press("ctrl+o")
            await until(lambda: says(app, "r asks again."), "the refusal")
            sentry.instead, sentry.rows = None, TRANSACTIONS
            await pilot.press("r")
            await until(lambda: says(app, "GET /cart"), "the answer")
