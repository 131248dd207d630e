"""What receiving 200 transactions/s of 50 spans costs, in per cent of a core, against only answering them."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import signal
import socket
import time

from aiohttp import web

from bench.harness import Result, also, percentile, seconds
from opsterm.services.service import State
from opsterm.services.telemetry.service import TraceService

RATE = 200  # transactions/s
SPANS = 50  # of each
SECONDS = seconds(8.0, 60.0)
DIFFERENT = 100  # bodies
COUNT = int(RATE * SECONDS)


def main() -> Result:
    """Per cent of a core of both."""
    return asyncio.run(measure())


async def measure() -> Result:
    """Send the same to both, one after the other, from a process of its own."""
    sent = bodies()
    service = TraceService(port=0)
    store = service.store
    live, arrived, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()
    service.listen(lambda: live.set() if service.status.state is State.LIVE else None)
    store.listen(lambda: arrived.set() if store.counts.transactions == COUNT else None)
    await service.start()
    await live.wait()
    ours, late = await busy(service.port, sent, arrived)
    assert (store.counts.refused, store.counts.unreadable) == (0, 0), store.counts
    assert store.counts.spans == COUNT * (SPANS + 1)
    await service.stop()

    count = 0

    async def answer(request: web.BaseRequest) -> web.Response:
        nonlocal count
        await request.read()
        count += 1
        if count == COUNT:
            answered.set()
        return web.json_response({"id": ""})

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    theirs, floor_late = await busy(listening.getsockname()[1], sent, answered)
    await runner.cleanup()
    also("the loop's delay, 99 %", late, floor_late, "ms", "floor")
    return Result("receiving traces", ours, theirs, "% of a core", "aiohttp, answering only", "lower")


async def busy(port: int, sent: list[bytes], done: asyncio.Event) -> tuple[float, float]:
    """Per cent of a core that this process takes, and by how many ms the loop is late, while a child sends."""
    lags: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append((time.perf_counter() - before - 0.005) * 1000)

    if not (child := os.fork()):  # a process of its own: its time is not ours
        asyncio.set_event_loop(None)
        send(port, sent)
        os._exit(0)
    watching = asyncio.create_task(watch())
    begin, used = time.perf_counter(), time.process_time()
    try:
        async with asyncio.timeout(SECONDS * 3):
            await done.wait()
    finally:
        watching.cancel()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)  # noqa: ASYNC222  killed
    return (time.process_time() - used) / (time.perf_counter() - begin) * 100, percentile(lags, 99)


def send(port: int, sent: list[bytes]) -> None:
    """Post at the rate, over connections that are kept, as SDKs do."""
    import http.client  # noqa: PLC0415  in the child only

    connections = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(4)]
    headers = {"Content-Type": "application/x-sentry-envelope", "Content-Encoding": "gzip"}
    begin = time.perf_counter()
    for number in range(COUNT):
        time.sleep(max(0.0, begin + number / RATE - time.perf_counter()))
        connection = connections[number % len(connections)]
        connection.request("POST", "/api/1/envelope/", sent[number % DIFFERENT], headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    time.sleep(60)  # until it is ended


def bodies() -> list[bytes]:
    """Envelopes with one transaction each, as the Python SDK sends them: gzip, and times in words."""
    order = random.Random(1)

    def word(length: int) -> str:
        return f"{order.getrandbits(4 * length):0{length}x}"

    def moment(ms: int) -> str:
        return f"2026-11-24T10:00:{ms // 1000:02}.{ms % 1000:03}000Z"

    made = []
    for number in range(DIFFERENT):
        trace, root = word(32), word(16)
        spans = [
            {
                "trace_id": trace,
                "span_id": word(16),
                "parent_span_id": root,
                "same_process_as_parent": True,
                "op": "db",
                "description": "SELECT product.id, product.name, product.price FROM product WHERE product.id = ?",
                "start_timestamp": moment(each * 10),
                "timestamp": moment(each * 10 + 8),
                "origin": "auto.db.sqlalchemy",
                "data": {
                    "db.system": "sqlite",
                    "db.name": "shop",
                    "thread.id": "140230",
                    "thread.name": "MainThread",
                },
            }
            for each in range(SPANS)
        ]
        transaction = {
            "type": "transaction",
            "transaction": f"/product/{number % 7}",
            "transaction_info": {"source": "route"},
            "contexts": {"trace": {"trace_id": trace, "span_id": root, "op": "http.server", "status": "ok"}},
            "start_timestamp": moment(0),
            "timestamp": moment(600),
            "spans": spans,
            "release": "shop@1.2.3",
            "environment": "dev",
            "sdk": {"name": "sentry.python.flask", "version": "2.75.0"},
            "modules": {f"package-{each}": "1.0" for each in range(60)},
        }
        payload = json.dumps(transaction).encode()
        head = json.dumps({"event_id": word(32), "sent_at": moment(600)}).encode()
        item = json.dumps(
            {"type": "transaction", "length": len(payload), "content_type": "application/json"}
        ).encode()
        made.append(gzip.compress(b"\n".join((head, item, payload)) + b"\n"))
    return made


if __name__ == "__main__":
    print(main())
