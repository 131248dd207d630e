"""How far the stamps of lines are off while the loop stands still for 500 ms, again and again, on purpose.

The device sends 1,000 lines a second, each with the time at which it was sent. The stalls hold the interpreter, as a
busy screen does. Compared with a reader in the loop: pyserial-asyncio's own, which stamps what it is given.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import serial_asyncio

from bench.harness import Result, also, percentile
from bench.serial_rig import act, device
from opsterm.services.lines import Direction
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.waiting import until

SECONDS = 8.0
STALL_SECONDS = 0.5
Stamped = list[tuple[int, str]]
"""Lines with their stamps, in nanoseconds since the epoch."""


async def ours(fd: int, port: str) -> Stamped:
    """What the service of the tab makes of it."""
    service = SerialService()
    await service.open(Settings(port))
    await until(lambda: service.status.state is State.LIVE, "open")
    await while_stalled(fd)
    await service.close()
    return [(line.first_ns, line.text) for line in service.ring.since(0) if line.direction is Direction.RX]


class InLoop(asyncio.Protocol):
    """Stamps each piece when it is told of it."""

    def __init__(self) -> None:
        self.lines: Stamped = []
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Called by the transport."""
        now = time.time_ns()
        *whole, self._rest = (self._rest + data).split(b"\n")
        self.lines += [(now, line.decode()) for line in whole]


async def theirs(fd: int, port: str) -> Stamped:
    """What a reader in the loop makes of it."""
    transport, protocol = await serial_asyncio.create_serial_connection(asyncio.get_running_loop(), InLoop, port)
    await while_stalled(fd)
    transport.close()
    assert isinstance(protocol, InLoop)
    return protocol.lines


async def while_stalled(fd: int) -> None:
    """Let the device send, and hold the loop up for half of the time."""
    sending = act("stamped", fd, SECONDS)
    while sending.poll() is None:
        end = time.perf_counter() + STALL_SECONDS
        while time.perf_counter() < end:
            pass
        await asyncio.sleep(STALL_SECONDS)
    await asyncio.sleep(STALL_SECONDS)


def errors(read: Callable[[int, str], Awaitable[Stamped]]) -> list[float]:
    """Milliseconds between each line's sending and its stamp."""

    async def run() -> Stamped:
        with device() as (fd, port):
            return await read(fd, port)

    return [(stamp - int(text)) / 1e6 for stamp, text in asyncio.run(run()) if text.isdigit() and len(text) == 19]


def main() -> Result:
    """The 99th percentile of both; the median goes to stderr."""
    off, off_in_loop = errors(ours), errors(theirs)
    also("stamps off, p50", percentile(off, 50), percentile(off_in_loop, 50), "ms", "in the loop")
    return Result(
        "stamps off, loop stalled, p99",
        percentile(off, 99),
        percentile(off_in_loop, 99),
        "ms",
        "in the loop",
        better="lower",
    )
