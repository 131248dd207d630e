"""What a device does, as a program of its own that waits for nobody: `lines FD BYTES` or `drop FD RATE SECONDS`."""

from __future__ import annotations

import os
import sys
import time

LINE_BYTES = 100
_TICK_SECONDS = 0.001
_CATCH_UP_TICKS = 3
"""What a late device makes up for at once: a real one sends evenly, and a burst would be no fault of the reader."""


def numbered(first: int, count: int) -> bytes:
    """`count` lines of `LINE_BYTES` with their numbers."""
    filling = b"." * (LINE_BYTES - 11)
    return b"".join(b"#%09d%b\n" % (number, filling) for number in range(first, first + count))


def lines(fd: int, size: int) -> None:
    """Write `size` bytes of numbered lines, as fast as they are taken."""
    for first in range(0, size // LINE_BYTES, 10_000):
        rest = memoryview(numbered(first, min(10_000, size // LINE_BYTES - first)))
        while rest:
            rest = rest[os.write(fd, rest[:65536]) :]


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


if __name__ == "__main__":
    if sys.argv[1] == "lines":
        lines(int(sys.argv[2]), int(float(sys.argv[3])))
    else:
        drop(int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
