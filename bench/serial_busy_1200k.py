"""Bytes taken from a device that waits for nobody, at 1.2 MB/s for 5 s, while the Pods tab follows a busy log.

Compared with tio, while a program of its own follows that log. The worst of two runs, or one run with `--long`.
"""

from __future__ import annotations

from bench.harness import Result, seconds
from bench.serial_rig import TAB, TIO, act, device, running
from bench.serial_rig.flood import flood, follow, followed


def main() -> Result:
    """The rate at which tio loses."""
    return compare("bytes taken at 1.2 MB/s, logs beside", 1_200_000, 5)


def compare(name: str, rate: float, long: float) -> Result:
    """Per cent taken by ours and by tio at `rate` bytes a second; `long` is for how many seconds with `--long`."""
    time = seconds(5, long)
    ours, theirs = [], []
    with flood():
        for _ in range(2 if time <= 5 else 1):
            with device() as (fd, port), running(TAB, port) as screen:
                follow(screen)
                ours.append(taken(fd, rate, time))
            with followed(), device() as (fd, port), running(TIO, port):
                theirs.append(taken(fd, rate, time))
    return Result(name, min(ours), min(theirs), "% taken", "tio")


def taken(fd: int, rate: float, time: float) -> float:
    """Per cent of what the device sends that somebody took in time."""
    sent, dropped = map(int, act("drop", fd, rate, time).communicate()[0].split())
    return 100 * (1 - dropped / sent)
