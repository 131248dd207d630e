"""The receiver against the real SDKs: whatever way they send, it arrives as it was."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsterm.services.service import State
from opsterm.services.telemetry.service import TraceService
from tests.needs import ROOT
from tests.waiting import until

SENDER = ROOT / "tests" / "telemetry_apps" / "sender.py"


@pytest.fixture
async def service() -> AsyncIterator[TraceService]:
    service = TraceService(port=0)
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "it listens")
    yield service
    await service.stop()


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


async def send(**told: object) -> str:
    """Run the sender to its end; returns what it wrote on stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, SENDER, json.dumps(told), stderr=asyncio.subprocess.PIPE, env=environment()
    )
    _, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return err.decode()


def stream_of(service: TraceService) -> str:
    return f"http://localhost:{service.port}/stream"


def assert_nothing_bad(service: TraceService) -> None:
    counts = service.store.counts
    assert (counts.refused, counts.unreadable, counts.evicted) == (0, 0, 0)


@pytest.mark.parametrize(
    "how",
    [
        {"dsn": True},
        {"spotlight": True},
        {"dsn": True, "_experiments": {"transport_compression_algo": "br"}},
        {"dsn": True, "_experiments": {"transport_compression_level": 0}},
    ],
    ids=["dsn", "spotlight", "br", "plain"],
)
async def test_a_transaction_and_an_error_of_the_python_sdk(service: TraceService, how: dict[str, object]) -> None:
    ways = {"dsn": service.dsn, "spotlight": stream_of(service)}
    await send(**{name: ways.get(name, value) for name, value in how.items()})
    store = service.store
    await until(lambda: store.transactions and store.errors, "both arrive")
    (transaction,) = store.transactions
    assert (transaction.name, transaction.root.op) == ("nightly report", "task")
    assert (transaction.release, transaction.environment) == ("shop@1", "dev")
    assert transaction.sdk.startswith("sentry.python")
    spans = [span for span in transaction.spans if not span.description.startswith("POST")]  # the SDK's own sending
    assert [(span.op, span.description) for span in spans] == [
        ("db", "SELECT * FROM orders WHERE day = %s"),
        ("http.client", "GET http://prices/"),
    ]
    assert transaction.spans[0].data["db.system"] == "sqlite"
    assert {span.parent_id for span in transaction.spans} == {transaction.root.span_id}
    assert 0 < transaction.seconds < 60
    (error,) = store.errors
    assert error.title == "KeyError: 'user'"
    assert error.handled
    frame = error.raised[0].frames[-1]
    assert (Path(frame.file).name, frame.function, frame.source.strip()) == ("sender.py", "fail", '{}["user"]')
    assert frame.before[-1].strip() == "try:"
    assert "before it broke" in [crumb.message for crumb in error.crumbs]
    assert store.errors_of(transaction.trace_id) == (error,)
    assert_nothing_bad(service)


async def test_logs_of_the_python_sdk(service: TraceService) -> None:
    await send(dsn=service.dsn, enable_logs=True)
    lines = service.store.logs
    await until(lambda: len(lines) >= 2, "the logs arrive")
    assert {(line.text, line.level.name) for line in lines.since(0)} >= {
        ("stock is low: 3", "WARN"),
        ("stock was counted", "INFO"),
    }
    assert_nothing_bad(service)


async def test_spans_that_the_python_sdk_streams(service: TraceService) -> None:
    await send(dsn=service.dsn, trace_lifecycle="stream")
    await until(lambda: service.store.transactions, "the segment is whole")
    (transaction,) = service.store.transactions
    assert (transaction.name, transaction.root.op) == ("nightly report", "task")
    assert (transaction.release, transaction.environment) == ("shop@1", "dev")
    assert transaction.sdk.startswith("sentry.python")
    assert [(span.op, span.description) for span in transaction.spans] == [
        ("db", f"step {number}") for number in range(3)
    ]
    assert [span.data["n"] for span in transaction.spans] == ["0", "1", "2"]
    assert transaction.root.start <= transaction.spans[0].start <= transaction.root.end
    assert_nothing_bad(service)
