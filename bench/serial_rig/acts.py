"""What a device does, as a program of its own: `lines FD BYTES`, `drop FD RATE SECONDS` or `stamped FD SECONDS`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

LINE_BYTES = 100
_TICK_SECONDS = 0.001
_CATCH_UP_TICKS = 3
"""What a late device makes up for at once: a real one sends evenly, and a burst would be no fault of the reader."""


def numbered(first: int, count: int) -> bytes:
    """`count` lines of `LINE_BYTES` with their numbers."""
    filling = b"." * (LINE_BYTES - 11)
    return b"".join(b"#%09d%b\n" % (number, filling) for number in range(first, first + count))


def lines(fd: int, size: float) -> None:
    """Write `size` bytes of numbered lines as fast as they are taken; prints when the first and the last went."""
    print(time.perf_counter())
    count = int(size) // LINE_BYTES
    for first in range(0, count, 10_000):
        rest = memoryview(numbered(first, min(10_000, count - first)))
        while rest:
            rest = rest[os.write(fd, rest[:65536]) :]
    print(time.perf_counter())


def drop(fd: int, rate: float, seconds: float) -> None:
    """Send at `rate` bytes a second, dropping what is not taken at once; prints bytes sent and bytes dropped."""
    os.set_blocking(fd, False)
    data = numbered(0, 10_000)
    began = due = time.monotonic()
    sent = dropped = 0
    while due < began + seconds:
        now = time.monotonic()
        if now < due:
            time.sleep(due - now)
            continue
        ticks = min(_CATCH_UP_TICKS, 1 + int((now - due) / _TICK_SECONDS))
        due += ticks * _TICK_SECONDS
        size = int(rate * _TICK_SECONDS * ticks)
        at = sent % (len(data) // 2)
        try:
            taken = os.write(fd, data[at : at + size])
        except BlockingIOError:
            taken = 0
        sent += size
        dropped += size - taken
    print(sent, dropped)


def stamped(fd: int, seconds: float) -> None:
    """Send a line each millisecond, the time of its sending in nanoseconds; never waits for the reader."""
    os.set_blocking(fd, False)
    due = time.monotonic()
    end = due + seconds
    while due < end:
        due += _TICK_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))
        with suppress(BlockingIOError):
            os.write(fd, b"%d\n" % time.time_ns())


ACTS: dict[str, Callable[..., None]] = {"lines": lines, "drop": drop, "stamped": stamped}

if __name__ == "__main__":
    what, descriptor, *figures = sys.argv[1:]
    ACTS[what](int(descriptor), *map(float, figures))
