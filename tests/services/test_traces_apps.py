"""The receiver against web apps of the frameworks that people use, each with its real SDK, and asked with HTTP."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest

from opsterm.services.service import State
from opsterm.services.telemetry.model import Transaction
from opsterm.services.telemetry.service import TraceService
from tests.needs import ROOT, need
from tests.waiting import until

APPS = ROOT / "tests" / "telemetry_apps"
FLASK = ROOT / "examples" / "flask-app"


@pytest.fixture
async def service() -> AsyncIterator[TraceService]:
    service = TraceService(port=0)
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "it listens")
    yield service
    await service.stop()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def environment(service: TraceService, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**kept, "SENTRY_DSN": service.dsn, **more}


@asynccontextmanager
async def app(script: Path, service: TraceService) -> AsyncIterator[aiohttp.ClientSession]:
    """The app, running, as a session that asks it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        script,
        str(port),
        cwd=script.parent,
        env=environment(service, PORT=str(port), PYTHONDONTWRITEBYTECODE="1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await until(lambda: process.returncode is not None or listens(port), "the app listens", 30)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", trust_env=False) as session:
            yield session
    finally:
        process.kill()
        await process.wait()


async def transaction(
    service: TraceService, session: aiohttp.ClientSession, page: str, status: int = 200
) -> Transaction:
    """Ask for `page`, and what the app told of it."""
    before = len(service.store.transactions)
    async with session.get(page) as answer:
        assert answer.status == status
    await until(lambda: len(service.store.transactions) > before, f"the transaction of {page} arrives", 30)
    return service.store.transactions[-1]


def assert_nothing_bad(service: TraceService) -> None:
    counts = service.store.counts
    assert (counts.refused, counts.unreadable, counts.evicted) == (0, 0, 0)


async def test_the_example_with_flask_and_its_mistakes(service: TraceService) -> None:
    async with app(FLASK / "traced.py", service) as session:
        found = await transaction(service, session, "/orders")
        assert (found.name, found.root.op, found.failed) == ("orders", "http.server", False)
        assert found.sdk.startswith("sentry.python")
        names = [span for span in found.spans if span.description == "SELECT name FROM customer WHERE id = ?"]
        assert len(names) == 25
        assert {(span.op, span.data["db.system"]) for span in names} == {("db", "sqlite")}
        assert all(earlier.end <= later.start for earlier, later in pairwise(names))
        assert sum(span.seconds for span in names) > 0.05
        (first,) = [span for span in found.spans if span.description.startswith("SELECT id, customer_id")]
        assert first.end <= names[0].start

        joined = await transaction(service, session, "/orders-joined")
        assert len([span for span in joined.spans if span.op == "db"]) == 1

        report = await transaction(service, session, "/report")
        slowest = max(report.spans, key=lambda span: span.seconds)
        assert slowest.description.startswith("SELECT count(*)")
        assert report.seconds - slowest.seconds >= 0.15

        failed = await transaction(service, session, "/broken", 500)
        assert failed.failed
        await until(lambda: service.store.errors, "the error arrives")
        (error,) = service.store.errors
        assert (error.title, error.handled, error.transaction) == ("KeyError: 'nobody'", False, "broken")
        assert error.raised[0].frames[-1].source.strip() == 'return carts["nobody"]'
        assert error.trace_id == failed.trace_id
        await until(lambda: len(service.store.logs), "the log arrives")
        assert {line.source for line in service.store.logs.since(0)} >= {failed.trace_id}
    assert_nothing_bad(service)


async def test_fastapi(service: TraceService) -> None:
    async with app(APPS / "fastapi_app.py", service) as session:
        found = await transaction(service, session, "/items/7")
        assert (found.name, found.root.op) == ("/items/{number}", "http.server")
        cached = [span for span in found.spans if span.op == "cache.get"]
        assert {span.description for span in cached} == {"stock", "price"}
        assert max(span.start for span in cached) < min(span.end for span in cached)
        failed = await transaction(service, session, "/broken", 500)
        assert failed.failed
        await until(lambda: service.store.errors, "the error arrives")
        assert service.store.errors[0].title == "RuntimeError: no such page"
    assert_nothing_bad(service)


async def test_django(service: TraceService) -> None:
    async with app(APPS / "django_app.py", service) as session:
        found = await transaction(service, session, "/items/7/")
        assert (found.name, found.root.op) == ("/items/{number}/", "http.server")
        (query,) = [span for span in found.spans if span.op == "db" and span.description.startswith("SELECT")]
        assert query.data["db.system"] == "sqlite"
        failed = await transaction(service, session, "/broken/", 500)
        assert failed.failed
        await until(lambda: service.store.errors, "the error arrives")
        assert service.store.errors[0].raised[-1].frames[-1].function == "broken"
    assert_nothing_bad(service)


@pytest.fixture(scope="module")
def node_modules() -> str:
    """Where @sentry/node is installed: as NODE_PATH says, or globally."""
    need("node", "npm")
    for folder in (os.environ.get("NODE_PATH", ""), subprocess.getoutput("npm root -g")):
        if folder and (Path(folder) / "@sentry" / "node").is_dir():
            return folder
    pytest.skip("needs @sentry/node: it is neither on NODE_PATH nor installed globally")


@pytest.mark.parametrize("how", [[], ["stream"]], ids=["whole", "streamed"])
async def test_the_sdk_of_node(service: TraceService, node_modules: str, how: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        "node", APPS / "node_app.js", *how, env=environment(service, NODE_PATH=node_modules), stderr=subprocess.PIPE
    )
    _, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    await until(lambda: service.store.transactions and service.store.errors, "both arrive")
    (found,) = service.store.transactions
    assert (found.name, found.root.op, found.release) == ("nightly job", "task", "node@1")
    assert found.sdk.startswith("sentry.javascript.node")
    assert {(span.op, span.description) for span in found.spans} == {
        ("db", "SELECT 1"),
        ("http.client", "GET http://prices/"),
    }
    (error,) = service.store.errors
    assert error.title == "TypeError: cart is undefined"
    frame = error.raised[0].frames[-1]
    assert (Path(frame.file).name, frame.line > 0) == ("node_app.js", True)
    assert error.trace_id == found.trace_id
    assert service.store.counts.unreadable == 0
