"""Bytes taken from a device that waits for nobody, at 1.2 MB/s for 5 s, against tio.

The device sends lines of 100 bytes evenly, as one with a clock does, and drops what the kernel does not take at once,
as an overrun does. Median of three; on a machine that is busy with other work both lose more.
"""

from __future__ import annotations

import statistics

from bench.harness import Result
from bench.serial_rig import OPSTERM, TIO, Program, act, device, running

RATE = 1_200_000
SECONDS = 5.0


def measure(program: Program, rate: float, seconds: float = SECONDS) -> float:
    """Per cent of the bytes that were taken while `program` read."""
    with device() as (fd, port), running(program, port):
        sending = act("drop", fd, rate, seconds)
        sent, dropped = map(int, sending.communicate()[0].split())
    return 100 * (1 - dropped / sent)


def compare(name: str, rate: float) -> Result:
    """Measure both in turn, three times."""
    ours, theirs = [], []
    for _ in range(3):
        ours.append(measure(OPSTERM, rate))
        theirs.append(measure(TIO, rate))
    return Result(name, statistics.median(ours), statistics.median(theirs), "% taken", "tio")


def main() -> Result:
    """The rate at which tio loses."""
    return compare("bytes taken at 1.2 MB/s", RATE)
