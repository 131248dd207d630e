"""Memory after a day at 11,520 bytes/s by volume, 1 GB through the service of the tab, against its half.

Flat means: the ring is full long before the half, and nothing else grows. Each half comes as fast as it is taken, and
memory is looked at when nothing waits.
"""

from __future__ import annotations

import asyncio
import os

from bench.harness import Result
from bench.serial_burst import resident
from bench.serial_rig import act, device
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.waiting import until

HALF = 500_000_000


async def measure() -> tuple[float, float]:
    """MB of memory at the half and at the end."""
    service = SerialService()
    found = []
    with device() as (fd, port):
        await service.open(Settings(port))
        await until(lambda: service.status.state is State.LIVE, "open")
        for half in (1, 2):
            sending = act("lines", fd, HALF)
            await taken(service, half * HALF)
            sending.communicate()
            found.append(resident(os.getpid()))
        await service.close()
    return found[0], found[1]


async def taken(service: SerialService, size: int) -> None:
    """Return when so many bytes were received."""
    await until(lambda: service.counters.rx_bytes >= size, f"{size:,} bytes", 100)


def main() -> Result:
    """Both of one run."""
    half, end = asyncio.run(measure())
    return Result("memory after a day", end, half, "MB", "after half of it", better="lower")
