"""`opsterm logs --plain` as a program of its own, with pipes around it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from opsterm.tui.demo.cluster import Cluster
from opsterm.tui.demo.cluster_life import Process
from tests.rig_kube import numbered
from tests.waiting import until

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} (\S+) (.*)")
MANY = 250_000  # lines; more than a ring holds


class Plain:
    """The program running; what it said so far is in `out` and `err`."""

    def __init__(self, cluster: Cluster, *arguments: str) -> None:
        self.cluster = cluster
        self.arguments = arguments
        self.out = b""
        self.err = b""

    async def start(self, stdout: int = asyncio.subprocess.PIPE) -> Plain:
        program = [sys.executable, "-m", "opsterm.tui", "logs", "--plain", *self.arguments]
        env = {**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig)}
        err = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*program, stdout=stdout, stderr=err, env=env)
        self._readers = [asyncio.create_task(self._read("err", self.process.stderr))]
        if self.process.stdout:
            self._readers.append(asyncio.create_task(self._read("out", self.process.stdout)))
        return self

    async def end(self, how: int | None = signal.SIGINT) -> int:
        if how is not None:
            self.process.send_signal(how)
        async with asyncio.timeout(20):
            code = await self.process.wait()
            await asyncio.gather(*self._readers)
        assert b"Traceback" not in self.err
        return code

    def lines(self) -> list[tuple[str, str]]:
        """Source and text of each line."""
        found = [LINE.fullmatch(line) for line in self.out.decode().splitlines()]
        assert all(found), self.out
        return [(line[1], line[2]) for line in found if line]

    async def _read(self, where: str, stream: asyncio.StreamReader | None) -> None:
        assert stream
        while data := await stream.read(65536):
            setattr(self, where, getattr(self, where) + data)


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster() as cluster:
        yield cluster


async def test_the_logs_of_a_selector_and_ctrl_c(cluster: Cluster) -> None:
    for pod in ("web-1", "web-2", "job"):
        cluster.add_pod(pod, labels={"app": pod.partition("-")[0]}, programs={"app": numbered})
    plain = await Plain(cluster, "-l", "app=web", "-n", "shop").start()
    await until(lambda: plain.out.count(b"\n") > 20, "lines come")
    await cluster.delete_pod("web-2")
    await until(lambda: "− web-2/app ended".encode() in plain.err, "the end of a pod is said")
    assert await plain.end() == 130
    lines = plain.lines()
    assert {source for source, _ in lines} == {"web-1/app", "web-2/app"}
    second = [text for source, text in lines if source == "web-2/app"]
    assert second == [*(f"web-2 line {number}" for number in range(len(second) - 1)), "web-2 bye"]


async def test_a_cluster_out_of_reach_ends_it_with_4(cluster: Cluster) -> None:
    await cluster.refuse()
    plain = await Plain(cluster, "-l", "app=web").start()
    assert await plain.end(None) == 4
    where = f"demo (127.0.0.1:{cluster.port})"
    assert plain.err.decode() == f"opsterm: {where} unreachable: connection refused.\n"
    assert plain.out == b""


async def test_a_pod_that_is_not_there_ends_it_with_4(cluster: Cluster) -> None:
    plain = await Plain(cluster, "none").start()
    assert await plain.end(None) == 4
    assert plain.err.decode() == "opsterm: No pod none in shop. --wait waits for it.\n"


async def test_wait_waits_for_cluster_and_pod(cluster: Cluster) -> None:
    await cluster.refuse()
    plain = await Plain(cluster, "late", "--wait").start()
    await until(lambda: b"connection refused" in plain.err, "it says why it waits")
    await cluster.start()
    await until(lambda: b"No pod matches late" in plain.err, "it waits for the pod")
    cluster.add_pod("late", programs={"app": numbered})
    await until(lambda: b"late line 3" in plain.out, "the pod is read")
    assert plain.lines()[0] == ("late/app", "late line 0")
    assert await plain.end() == 130


async def test_a_closed_pipe_ends_it_even_in_silence(cluster: Cluster) -> None:
    reading, writing = os.pipe()
    plain = await Plain(cluster, "-l", "app=none").start(writing)
    os.close(writing)
    await until(lambda: b"No pod matches app=none" in plain.err, "it waits")
    os.close(reading)
    assert await plain.end(None) == 130


async def test_nobody_reading_does_not_hold_up_the_end(cluster: Cluster) -> None:
    cluster.add_pod("many", programs={"app": many})
    reading, writing = os.pipe()
    plain = await Plain(cluster, "many").start(writing)
    os.close(writing)
    await asyncio.to_thread(os.read, reading, 1)
    assert await plain.end() == 130
    os.close(reading)


async def test_a_slow_reader_of_the_output_loses_nothing(cluster: Cluster) -> None:
    cluster.add_pod("web")  # holds the stream open until the reader comes
    await until(lambda: cluster.runs, "it runs")
    reading, writing = os.pipe()
    plain = await Plain(cluster, "web").start(writing)
    os.close(writing)
    cluster.write("web", "first")
    out = bytearray(await asyncio.to_thread(os.read, reading, 1 << 20))
    assert out.endswith(b" first\n")
    for number in range(MANY):
        cluster.write("web", f"line {number}")
    while not out.endswith(b" line %d\n" % (MANY - 1)):
        out += await asyncio.to_thread(os.read, reading, 1 << 20)
    texts = [line.split(b" ", 3)[3] for line in out.splitlines()]
    assert texts == [b"first", *(b"line %d" % number for number in range(MANY))]
    assert b"dropped" not in plain.err
    assert await plain.end() == 130
    os.close(reading)


async def many(process: Process) -> int:
    """More lines at once than a pipe holds."""
    for number in range(20_000):
        process.write(f"line {number}")
    await process.stop.wait()
    return 0
