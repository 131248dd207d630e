"""When the port is taken: by Spotlight, whose events are read then, or by somebody else, who is named."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.service import State
from opsterm.services.telemetry import service as service_module
from opsterm.services.telemetry.errors import BadEnvelopeError, SpotlightError
from opsterm.services.telemetry.service import TraceService
from opsterm.services.telemetry.spotlight import envelope_of
from opsterm.services.telemetry.sse import MAX_EVENT, EventStream, ServerEvent
from tests.needs import need
from tests.telemetry_apps.fake_spotlight import FakeSpotlight
from tests.waiting import until

ENVELOPE = "application/x-sentry-envelope"


def body(name: str) -> bytes:
    trace = {"trace_id": "a" * 32, "span_id": "b" * 16, "op": "task"}
    told = {"transaction": name, "start_timestamp": 1, "timestamp": 2, "contexts": {"trace": trace}}
    return b'{"event_id":"e1"}\n{"type":"transaction"}\n' + json.dumps(told).encode() + b"\n"


async def post(port: int, name: str) -> None:
    headers = {"Content-Type": ENVELOPE}
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.post(f"http://127.0.0.1:{port}/stream", data=body(name), headers=headers) as answer,
    ):
        assert answer.status == 200


def names(service: TraceService) -> list[str]:
    return [each.name for each in service.store.transactions]


@pytest.fixture(params=["fake", "real"])
async def spotlight(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """The port of a Spotlight: a stand-in, and the real one where it is installed."""
    if request.param == "fake":
        async with FakeSpotlight() as fake:
            yield fake.port
        return
    need("spotlight")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        "spotlight",
        "server",
        "-p",
        str(port),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await until(lambda: listens(port), "Spotlight listens", 30)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_spotlight_is_read_what_it_has_and_what_it_gets(spotlight: int) -> None:
    await post(spotlight, "before")
    service = TraceService(port=spotlight)
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "it is read")
    assert service.source == "spotlight"
    assert f"Spotlight on port {spotlight}" in service.status.reason
    await until(lambda: names(service) == ["before"], "what it had arrives")
    await post(spotlight, "after")
    await until(lambda: names(service) == ["before", "after"], "what it gets arrives")
    assert service.store.transactions[0].root.op == "task"
    assert (service.store.counts.refused, service.store.counts.unreadable) == (0, 0)
    await service.stop()
    assert (service.status.state, service.source) == (State.OFF, "")


async def test_after_a_cut_nothing_comes_twice_and_a_spotlight_that_is_gone_is_replaced() -> None:
    async with FakeSpotlight() as spotlight:
        port = spotlight.port
        service = TraceService(port=port)
        await service.start()
        await post(port, "one")
        await until(lambda: names(service) == ["one"], "it is read")
    await until(lambda: service.status.state is not State.LIVE, "the cut is told")
    service.retry()
    await until(lambda: service.source == "receiver", "the port is ours")
    await post(port, "two")
    await until(lambda: names(service) == ["one", "two"], "it arrives here")
    await service.stop()


async def test_a_spotlight_that_comes_back_is_asked_for_the_rest() -> None:
    async with FakeSpotlight() as spotlight:
        service = TraceService(port=spotlight.port)
        await service.start()
        await post(spotlight.port, "one")
        await until(lambda: names(service) == ["one"], "it is read")
        await spotlight.pass_on(b"id: id-1\nevent: application/x-sentry-envelope\ndata: [[]]\n\n")
        await until(lambda: service.store.counts.refused == 1, "what is none is counted")
        await spotlight.pass_on(b"data: " + b"x" * (MAX_EVENT + 1))
        await until(lambda: service.status.state is State.LOST, "it is left")
        assert service.status.retry_at is not None
        service.retry()
        await until(lambda: len(spotlight.asked_after) == 2, "it is asked again")
        assert spotlight.asked_after == ["", "id-1"]
        assert names(service) == ["one"]
        await service.stop()


async def test_another_program_on_the_port_is_named_and_the_port_is_taken_once_it_is_free() -> None:
    other = await asyncio.create_subprocess_exec(
        "python3",
        "-c",
        "import socket, sys\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True)\n"
        "sys.stdin.read()",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert other.stdout is not None
    port = int(await other.stdout.readline())
    service = TraceService(port=port)
    await service.start()
    await until(lambda: service.status.state is State.FAILED, "it fails")
    assert service.status.reason.startswith(f"Port {port} is taken by python3")
    assert service.status.reason.endswith(f"(pid {other.pid}).")
    assert service.status.hint == "Start with --port."
    assert (service.source, service.listens) == ("", True)
    other.kill()
    await other.wait()
    service.retry()
    await until(lambda: service.status.state is State.LIVE, "the port is ours")
    assert service.dsn == f"http://opsterm@127.0.0.1:{port}/1"
    await service.stop()


async def test_another_receiver_of_ours_is_no_spotlight() -> None:
    first = TraceService(port=0)
    await first.start()
    await until(lambda: first.status.state is State.LIVE, "it listens")
    second = TraceService(port=first.port)
    await second.start()
    await until(lambda: second.status.state is State.FAILED, "it fails")
    assert f"(pid {os.getpid()})" in second.status.reason
    await second.stop()
    await first.stop()


@pytest.mark.parametrize("port", [70_000, -1])
async def test_a_port_that_there_is_not_is_refused(port: int) -> None:
    service = TraceService(port=port)
    await service.start()
    await until(lambda: service.status.state is State.FAILED, "it fails")
    assert service.status.reason == f"There is no port {port}."
    await service.stop()


async def test_starting_loads_nothing_heavy_before(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    monkeypatch.setattr(service_module, "_load", lambda: loaded.append(1))
    service = TraceService(port=0)
    assert (service.status.state, service.listens) == (State.OFF, False)
    service.retry()
    await service.stop()
    assert not loaded


LINE = st.binary(max_size=12).filter(lambda value: not set(value) & set(b"\r\n"))
EVENTS = st.lists(st.tuples(LINE, st.lists(LINE, min_size=1, max_size=3)), max_size=5)


@given(EVENTS, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.integers(1, 9))
def test_events_in_any_pieces_are_the_same(
    events: list[tuple[bytes, list[bytes]]], ending: bytes, piece: int
) -> None:
    sent = b": a comment" + ending + ending
    for number, (name, data) in enumerate(events):
        lines = [b"id: %d" % number, b"event: " + name, *(b"data: " + line for line in data), b""]
        sent += b"".join(line + ending for line in lines)
    stream = EventStream()
    got = [event for at in range(0, len(sent), piece) for event in stream.feed(sent[at : at + piece])]
    assert got == [
        ServerEvent(name.decode("utf-8", "replace"), b"\n".join(data), str(number))
        for number, (name, data) in enumerate(events)
    ]


def test_an_event_without_end_is_not_kept() -> None:
    stream = EventStream()
    part = b"x" * 1_000_000
    for _ in range(MAX_EVENT // len(part)):
        assert not list(stream.feed(part))
    with pytest.raises(SpotlightError):
        list(stream.feed(part))


def test_envelopes_of_older_spotlights() -> None:
    (item,) = envelope_of(ENVELOPE, body("a")).items
    assert item.kind == "transaction"
    assert envelope_of(f"{ENVELOPE};base64", base64.b64encode(body("a"))).items == (item,)


@given(
    st.sampled_from([ENVELOPE, f"{ENVELOPE};base64", "", "x"]),
    st.binary(max_size=60) | st.sampled_from([b"[" * 9999]),
)
def test_whatever_is_passed_on_raises_only_its_own_error(name: str, data: bytes) -> None:
    for each in (data, b"[" + data, b"[{},[[" + data):
        with contextlib.suppress(BadEnvelopeError):
            envelope_of(name, each)
