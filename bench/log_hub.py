"""How many lines/s of 50 busy logs reach a ring, with times and levels, against only reading and splitting them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time

import aiohttp

from bench.harness import Result
from opsterm.services.kube.client import KubeClient
from opsterm.services.kube.connection import Connection
from opsterm.services.kube.logs.hub import LogHub, Scope

STREAMS = 50
LINES = 10_000  # of each stream
HEADERS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
)
PODS = "/api/v1/namespaces/shop/pods"


def main() -> Result:
    """Lines/s of both."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=STREAMS * 2)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    if not (child := os.fork()):  # a process of its own: it must not share our interpreter
        asyncio.run(serve(listening))
    try:
        theirs = asyncio.run(floor(address))
        ours = asyncio.run(hub(address))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return Result("log lines", ours, theirs, "lines/s", "raw aiohttp, split only")


async def hub(address: str) -> float:
    """Lines/s into the ring of a hub."""

    async def headers(_fresh: bool) -> dict[str, str]:
        return {}

    client = KubeClient(Connection("bench", address, None, headers))
    reading = LogHub(client, Scope("shop"), tail=-1)
    done = asyncio.Event()
    reading.ring.listen(lambda: done.set() if reading.lines_read >= STREAMS * LINES else None)
    begin = time.perf_counter()
    reading.start()
    await done.wait()
    seconds = time.perf_counter() - begin
    assert (reading.lines_read, reading.gaps) == (STREAMS * LINES, 0)
    await reading.close()
    await client.close()
    return STREAMS * LINES / seconds


async def floor(address: str) -> float:
    """Lines/s that are only read and split."""

    async def read(session: aiohttp.ClientSession, number: int) -> None:
        count, rest = 0, b""
        async with session.get(f"{address}{PODS}/web-{number}/log") as answer:
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                count += len(lines)
                if count >= LINES:
                    return

    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        begin = time.perf_counter()
        await asyncio.gather(*(read(session, number) for number in range(STREAMS)))
        return STREAMS * LINES / (time.perf_counter() - begin)


async def serve(listening: socket.socket) -> None:
    """A list of pods, a watch in which nothing happens, and logs that are followed and written as fast as they go."""
    text = "".join(
        f"2026-11-24T07:{n // 60 % 60:02}:{n % 60:02}.{n:09d}Z GET /cart/{n} 200 12 ms user=4711\n"
        for n in range(LINES)
    )
    log = text.encode()
    pieces = [log[at : at + 4096] for at in range(0, len(log), 4096)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
        writer.write(HEADERS)
        if "/log" in asked:
            for piece in pieces:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
        elif "watch=" not in asked:
            body = json.dumps({"metadata": {"resourceVersion": "1"}, "items": [pod(n) for n in range(STREAMS)]})
            writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body.encode()))
            return
        await reader.read()  # until the other side goes
        writer.close()

    async with await asyncio.start_server(answer, sock=listening) as server:
        await server.serve_forever()


def pod(number: int) -> dict[str, object]:
    """A pod with one container that runs."""
    state = {"running": {"startedAt": "2026-11-24T07:00:00Z"}}
    container = {"name": "app", "containerID": f"containerd://{number}", "ready": True, "state": state}
    return {
        "metadata": {"name": f"web-{number}", "namespace": "shop", "uid": str(number), "resourceVersion": "1"},
        "spec": {"nodeName": "node-a", "containers": [{"name": "app"}]},
        "status": {"phase": "Running", "containerStatuses": [container]},
    }


if __name__ == "__main__":
    print(main())
