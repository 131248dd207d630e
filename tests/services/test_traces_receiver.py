"""The receiver against whatever may be sent to it: answered, counted, and nothing else happens."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import random
import socket
import sys
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import brotli
import pytest

from opsterm.services.service import State
from opsterm.services.telemetry import intake as intake_module
from opsterm.services.telemetry import receiver as receiver_module
from opsterm.services.telemetry.envelope import Item
from opsterm.services.telemetry.intake import Intake
from opsterm.services.telemetry.parse import Found
from opsterm.services.telemetry.service import TraceService
from opsterm.services.telemetry.store import TraceStore
from tests.waiting import until

TRACE = "4c79f60c11214eb38604f4ae0781bfb2"


def body(**more: object) -> bytes:
    transaction = {
        "transaction": "/",
        "start_timestamp": 1,
        "timestamp": 2,
        "contexts": {"trace": {"trace_id": TRACE, "span_id": "b" * 16}},
        **more,
    }
    return b'{"event_id":"e1"}\n{"type":"transaction"}\n' + json.dumps(transaction).encode() + b"\n"


@pytest.fixture
async def service(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> AsyncIterator[TraceService]:
    service = TraceService(port=0)
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "it listens")
    yield service
    await service.stop()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "Traceback" not in capfd.readouterr().err


@pytest.fixture
async def session(service: TraceService) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{service.port}", trust_env=False) as session:
        yield session


async def whole(service: TraceService, count: int = 1) -> None:
    await until(lambda: len(service.store.transactions) == count, f"{count} transactions arrive")


@pytest.mark.parametrize(
    "path", ["/stream", "/stream/", "/api/1/envelope/", "/api/77/envelope", "/api/1/envelope/?v=7"]
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_every_way_in(service: TraceService, path: str, host: str) -> None:
    async with aiohttp.ClientSession(trust_env=False) as session:
        async with session.post(f"http://{host}:{service.port}{path}", data=body()) as answer:
            assert (answer.status, await answer.json()) == (200, {"id": "e1"})
        async with session.get(f"http://{host}:{service.port}/health") as answer:
            assert (answer.status, await answer.text()) == (200, "OK")
    await whole(service)
    assert service.store.counts.refused == 0


def bare(data: bytes) -> bytes:
    work = zlib.compressobj(wbits=-15)
    return work.compress(data) + work.flush()


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", bare),
        ("br", brotli.compress),
        ("GZip", gzip.compress),
    ],
)
async def test_bodies_in_every_encoding_and_any_pieces(
    service: TraceService, session: aiohttp.ClientSession, encoding: str, compress: object
) -> None:
    assert callable(compress)
    packed: bytes = compress(body(spans=[{"x": "y" * 300_000}]))
    order = random.Random(1)

    async def pieces() -> AsyncIterator[bytes]:
        at = 0
        while at < len(packed):
            step = order.randint(1, 200)
            yield packed[at : at + step]
            at += step

    async with session.post("/stream", data=pieces(), headers={"Content-Encoding": encoding}) as answer:
        assert answer.status == 200
    await whole(service)
    assert service.store.counts.unreadable == 1  # the span that is none


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_a_body_that_grows_huge_is_left_early(
    service: TraceService, session: aiohttp.ClientSession, encoding: str
) -> None:
    work = {"gzip": zlib.compressobj(wbits=31), "deflate": zlib.compressobj(), "br": None}[encoding]
    zeros = b"\0" * 10_000_000
    if work is None:
        bomb = brotli.compress(zeros * 20, quality=1)
    else:
        bomb = b"".join(work.compress(zeros) for _ in range(30)) + work.flush()
    assert len(bomb) < 1_000_000
    async with session.post("/stream", data=bomb, headers={"Content-Encoding": encoding}) as answer:
        assert answer.status == 413
    assert service.store.counts.refused == 1


async def raw(service: TraceService, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    with suppress(ConnectionError):
        writer.write(sent)
        await writer.drain()
        if not sent.endswith(b"half"):
            async with asyncio.timeout(10):
                return await reader.readline()
    writer.close()
    return b""


@pytest.mark.parametrize(
    ("method", "path", "headers", "data", "status"),
    [
        ("POST", "/stream", {}, b"", 400),
        ("POST", "/stream", {}, b"noise \x00\xff", 400),
        ("POST", "/stream", {"Content-Encoding": "gzip"}, b"noise", 400),
        ("POST", "/stream", {"Content-Encoding": "gzip"}, gzip.compress(body())[:-9], 400),
        ("POST", "/stream", {"Content-Encoding": "gzip"}, gzip.compress(body()) + b"more", 400),
        ("POST", "/stream", {"Content-Encoding": "br"}, b"noise", 400),
        ("POST", "/stream", {"Content-Encoding": "deflate"}, b"", 400),
        ("POST", "/stream", {"Content-Encoding": "zstd"}, body(), 415),
        ("POST", "/stream", {"Content-Encoding": "gzip, br"}, body(), 415),
        ("POST", "/stream", {"Host": "evil.example"}, body(), 403),
        ("POST", "/stream", {"Host": "127.0.0.1.evil.example:8969"}, body(), 403),
        ("POST", "/stream", {"Host": "192.168.0.7"}, body(), 403),
        ("GET", "/health", {"Host": "evil.example"}, None, 403),
        ("POST", "/stream", {"Origin": "https://evil.example"}, body(), 403),
        ("POST", "/stream", {"Origin": "http://localhost.evil.example"}, body(), 403),
        ("POST", "/stream", {"Origin": "null"}, body(), 403),
        ("OPTIONS", "/stream", {"Origin": "https://evil.example"}, None, 403),
        ("GET", "/stream", {}, None, 405),
        ("POST", "/", {}, body(), 404),
        ("POST", "/api/1/store/", {}, body(), 404),
        ("POST", "/api/../../etc/passwd", {}, body(), 404),
        ("POST", "/stream", {"Content-Length": "x"}, None, 400),
        ("POST", "/stream", {"Content-Length": str(10**9)}, None, 413),
    ],
)
async def test_hostile_requests_are_refused_and_counted(
    service: TraceService, method: str, path: str, headers: dict[str, str], data: bytes | None, status: int
) -> None:
    lines = {"Host": "localhost", **({"Content-Length": str(len(data))} if data is not None else {}), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    answer = await raw(service, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + (data or b""))
    assert answer.split()[1] == str(status).encode()
    await until(lambda: service.store.counts.refused == 1, "it is counted")
    assert not service.store.transactions


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50 + b"\r\n\r\n",
        b"POST /stream HTTP/9.9\r\n\r\n",
        b"POST /stream HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"POST /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
    ],
)
async def test_what_is_no_request_is_refused_and_counted(service: TraceService, sent: bytes) -> None:
    answer = await raw(service, sent)
    assert not answer or answer.split()[1].startswith(b"4")
    await until(lambda: service.store.counts.refused >= 1, "it is counted")


async def test_a_connection_that_breaks_in_the_middle_is_no_harm(
    service: TraceService, session: aiohttp.ClientSession
) -> None:
    await raw(service, b"POST /stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nhalf")
    await raw(service, b"POST /str half")
    async with session.post("/stream", data=body()) as answer:
        assert answer.status == 200
    await whole(service)


async def test_a_body_that_does_not_come_is_not_waited_for(
    service: TraceService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "BODY_SECONDS", 0.05)
    answer = await raw(service, b"POST /stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nslow")
    assert answer.split()[1] == b"408"


async def test_a_page_of_a_server_on_this_machine_may_report(
    service: TraceService, session: aiohttp.ClientSession
) -> None:
    origin = {"Origin": "http://localhost:5173"}
    asked = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-sentry-auth"}
    async with session.options("/api/1/envelope/", headers=asked) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "x-sentry-auth" in answer.headers["Access-Control-Allow-Headers"].lower()
    async with session.post("/api/1/envelope/", data=body(), headers=origin) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "http://localhost:5173")
    await whole(service)


async def test_more_than_can_be_read_is_told_to_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    held = asyncio.Event()
    original = Intake.run

    async def run(intake: Intake) -> None:
        await held.wait()
        await original(intake)

    monkeypatch.setattr(Intake, "run", run)
    service = TraceService(port=0)
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "it listens")
    large = body(x="y" * 9_000_000)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{service.port}", trust_env=False) as session:

        async def post() -> int:
            async with session.post("/stream", data=large) as answer:
                assert answer.status in (200, 429)
                assert answer.status == 200 or answer.headers["Retry-After"] == "1"
                return answer.status

        statuses = [await post() for _ in range(9)]
        assert statuses == [200] * 7 + [429] * 2
        assert service.store.counts.refused == 2
        held.set()
        await until(lambda: service.store.counts.unreadable == 7, "what was taken is read; each is too large")
        async with session.post("/stream", data=body()) as answer:
            assert answer.status == 200
        await whole(service)
    await service.stop()


async def test_what_is_unknown_or_unreadable_is_counted_by_kind(
    service: TraceService, session: aiohttp.ClientSession
) -> None:
    items = [("session", "{}"), ("session", "{}"), ("client_report", "{}"), ("event", "[]"), ("log", '{"items":[1]}')]
    lines = [f'{{"type":"{kind}"}}\n{payload}' for kind, payload in items]
    async with session.post("/stream", data="{}\n" + "\n".join(lines)) as answer:
        assert answer.status == 200
    counts = service.store.counts
    await until(lambda: counts.unknown == 3 and counts.unreadable == 2, "they are counted")
    assert counts.kinds == {"session": 2, "client_report": 1}
    assert counts.refused == 0


async def test_a_large_item_does_not_hold_up_the_loop_or_the_order(
    service: TraceService, session: aiohttp.ClientSession
) -> None:
    span = {"span_id": "c" * 16, "start_timestamp": 1, "timestamp": 2, "description": "x" * 300}
    for name, count in (("first", 1), ("large", 5_000), ("last", 1)):
        async with session.post("/stream", data=body(transaction=name, spans=[span] * count)) as answer:
            assert answer.status == 200
    await whole(service, 3)
    assert [each.name for each in service.store.transactions] == ["first", "large", "last"]
    assert len(service.store.transactions[1].spans) == 5_000


async def test_thousands_of_lines_and_streamed_spans_in_one_item_arrive_in_order(
    service: TraceService, session: aiohttp.ClientSession
) -> None:
    entries = [{"timestamp": 1, "body": str(number)} for number in range(3_210)]
    spans = [
        {
            "trace_id": TRACE,
            "span_id": f"{number:016x}",
            "is_segment": number == 0,
            "name": str(number),
            "start_timestamp": 1,
            "end_timestamp": 2,
            "attributes": {"sentry.segment.id": {"value": "0" * 16}},
        }
        for number in range(2_345)
    ]
    kind = '{"type":"span","content_type":"application/vnd.sentry.items.span.v2+json"}'
    logs, streamed = json.dumps({"items": entries}), json.dumps({"items": spans})
    async with session.post("/stream", data=f'{{}}\n{{"type":"log"}}\n{logs}\n{kind}\n{streamed}') as answer:
        assert answer.status == 200
    await whole(service)
    assert [line.text for line in service.store.logs.since(0)] == [str(number) for number in range(3_210)]
    assert [span.description for span in service.store.transactions[0].spans] == [str(n) for n in range(1, 2_345)]


async def test_an_item_that_cannot_be_read_because_of_a_defect_takes_nothing_else_with_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original = intake_module.read_item

    def defect(item: Item) -> Found:
        if item.kind == "event":
            raise ZeroDivisionError
        return original(item)

    monkeypatch.setattr(intake_module, "read_item", defect)
    service = TraceService(port=0)
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "it listens")
    async with aiohttp.ClientSession(trust_env=False) as session:
        data = b'{}\n{"type":"event"}\n{}\n' + body().partition(b"\n")[2]
        async with session.post(f"http://127.0.0.1:{service.port}/stream", data=data) as answer:
            assert answer.status == 200
    await whole(service)
    assert service.store.counts.unreadable == 1
    assert "could not be read" in caplog.text
    assert service.status.state is State.LIVE
    await service.stop()


async def test_stopping_reads_what_came_closes_the_port_and_cuts_what_hangs(service: TraceService) -> None:
    port = service.port
    hanging = socket.create_connection(("127.0.0.1", port))
    hanging.sendall(b"POST /stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n")
    async with aiohttp.ClientSession(trust_env=False) as session:
        async with session.post(f"http://127.0.0.1:{port}/stream", data=body()) as answer:
            assert answer.status == 200
        async with asyncio.timeout(5):
            await service.stop()
    assert (service.status.state, service.listens, service.source) == (State.OFF, False, "")
    assert len(service.store.transactions) == 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    hanging.close()
    await service.stop()
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "it listens again")


async def test_without_brotli_a_body_in_it_is_refused_with_the_reason(
    service: TraceService, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    async with session.post("/stream", data=brotli.compress(body()), headers={"Content-Encoding": "br"}) as answer:
        assert answer.status == 415
        assert "Brotli" in (await answer.json())["detail"]
    assert service.store.counts.refused == 1


async def test_a_thousand_damaged_envelopes_do_no_harm(service: TraceService, session: aiohttp.ClientSession) -> None:
    order = random.Random(7)
    whole_one = body(spans=[{"span_id": "c" * 16, "start_timestamp": 1, "timestamp": 2}]) + (
        b'{"type":"event","length":13}\n{"message":1}\n{"type":"log"}\n{"items":[{"timestamp":1,"body":"x"}]}\n'
    )
    statuses = []
    for _ in range(1000):
        damaged = bytearray(whole_one)
        for _ in range(order.randint(1, 4)):
            at = order.randrange(len(damaged) + 1)
            damaged[at : at + order.randint(0, 9)] = order.randbytes(order.randint(0, 9))
        async with session.post("/stream", data=bytes(damaged)) as answer:
            statuses.append(answer.status)
    assert set(statuses) == {200, 400}
    counts = service.store.counts
    assert counts.refused == statuses.count(400)
    async with session.post("/stream", data=body(transaction="last")) as answer:
        assert answer.status == 200
    await until(lambda: service.store.transactions[-1].name == "last", "what is good still arrives")
    assert counts.unreadable > 0


async def test_memory_stays_bounded_whatever_comes() -> None:
    service = TraceService(port=0, store=TraceStore(max_bytes=3_000_000))
    store = service.store
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "it listens")
    span = {
        "span_id": "c" * 16,
        "start_timestamp": 1,
        "timestamp": 2,
        "description": "x" * 300,
        "data": {"a": "b" * 99},
    }
    async with aiohttp.ClientSession(f"http://127.0.0.1:{service.port}", trust_env=False) as session:
        for number in range(200):
            trace = {"trace_id": f"{number:032x}", "span_id": "b" * 16}
            error = {"message": "z" * 9000, "breadcrumbs": [{"message": "y" * 9000}] * 20}
            data = body(contexts={"trace": trace}, spans=[span] * 50)
            data += b'{"type":"event"}\n' + json.dumps(error).encode() + b"\n"
            async with session.post("/stream", data=data) as answer:
                assert answer.status == 200
            assert store.bytes <= 3_000_000
            assert store.error_bytes <= 1_000_000
    await until(lambda: store.counts.errors == 200, "all is read")
    kept = len(store.transactions) + len(store.errors)
    assert store.counts.evicted == 400 - kept
    assert 0 < kept < 400
    await service.stop()


async def test_only_this_machine_is_listened_to(service: TraceService) -> None:
    with open("/proc/net/tcp") as tcp, open("/proc/net/tcp6") as tcp6:
        rows = [*tcp.readlines()[1:], *tcp6.readlines()[1:]]
    listening = {row.split()[1] for row in rows if row.split()[3] == "0A"}
    ours = {address for address in listening if address.endswith(f":{service.port:04X}")}
    assert ours <= {f"0100007F:{service.port:04X}", f"{'0' * 24}01000000:{service.port:04X}"}
    assert len(ours) == 2
