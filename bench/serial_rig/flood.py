"""A cluster whose one pod logs 5,000 lines/s, in a process of its own, and how the Pods tab comes to show them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.serial_rig import Screen
from opsterm.tui.demo.cluster import Cluster
from opsterm.tui.demo.cluster_life import Process

_F1, _F2 = b"\x1bOP", b"\x1bOQ"
_LINE = "INFO  GET /cart"


@contextmanager
def flood() -> Iterator[None]:
    """Have the cluster be the one of every program that is started meanwhile."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.serial_rig.flood"], stdout=subprocess.PIPE, text=True
    ) as cluster:
        assert cluster.stdout
        usual = os.environ.get("KUBECONFIG")
        os.environ["KUBECONFIG"] = cluster.stdout.readline().strip()
        try:
            yield
        finally:
            del os.environ["KUBECONFIG"]
            if usual is not None:
                os.environ["KUBECONFIG"] = usual
            cluster.terminate()


def follow(screen: Screen) -> None:
    """Open the log in the Pods tab of opsterm, and go back to the Serial tab; it streams on."""
    screen.expect(b"flood")
    screen.type(_F2)
    screen.seen()
    screen.expect(_LINE.encode())
    screen.type(b"\r")
    screen.seen()
    screen.expect(b"Rx ")
    screen.type(_F1)
    screen.seen()


@contextmanager
def followed() -> Iterator[None]:
    """The same log read by a program of its own, for a peer that has no tab for it."""
    command = [sys.executable, "-m", "opsterm.tui", "logs", "flood", "--plain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reading:
        assert reading.stdout
        drain = subprocess.Popen(["cat"], stdin=reading.stdout, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            reading.kill()
            drain.wait()


async def _write(process: Process) -> int:
    number = 0
    while not await process.wait(0.01):
        for number in range(number, number + 50):  # noqa: B020  it goes on where it was
            process.write(f"{_LINE} {number} 200 12 ms")
        number += 1
    return 0


async def _main() -> None:
    async with Cluster() as cluster:
        cluster.add_pod("flood", programs={"app": _write})
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        print(cluster.kubeconfig, flush=True)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(_main())
