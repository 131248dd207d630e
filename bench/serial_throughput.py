"""Bytes a second through `opsterm serial --plain`, every line stamped, against picocom, which stamps nothing.

Each reads 100 MB of numbered lines from a pty and writes them to a terminal that takes everything; measured is from
the first byte sent until the last line is on that terminal. Every line must be there, once and in order. Median of
three, fewer on a slow machine.
"""

from __future__ import annotations

import re
import statistics
import time

from bench.harness import Result
from bench.serial_rig import OPSTERM, PICOCOM, Program, act, device, running
from bench.serial_rig.acts import LINE_BYTES

SIZE = 100_000_000
_ENOUGH_SECONDS = 25
_NUMBER = re.compile(rb"#(\d{9})")


def measure(program: Program) -> float:
    """MB a second through `program`."""
    last = SIZE // LINE_BYTES - 1
    with device() as (fd, port), running(program, port) as screen:
        started = time.perf_counter()
        sending = act("lines", fd, SIZE)
        screen.wait(b"#%09d" % last)
        seconds = time.perf_counter() - started
        sending.wait()
        numbers = [int(number) for number in _NUMBER.findall(b"".join(screen.chunks))]
    if numbers != list(range(last + 1)):
        raise AssertionError(f"{program.command}: {len(numbers):,} of {last + 1:,} lines, or not in order")
    return SIZE / seconds / 1e6


def compare(name: str, program: Program, peer: str) -> Result:
    """Measure ours and `program` in turn."""
    ours: list[float] = []
    theirs: list[float] = []
    began = time.monotonic()
    while len(ours) < 3 and time.monotonic() - began < _ENOUGH_SECONDS:
        ours.append(measure(OPSTERM))
        theirs.append(measure(program))
    return Result(name, statistics.median(ours), statistics.median(theirs), "MB/s", peer)


def main() -> Result:
    """Beside the one that is in every distribution."""
    return compare("100 MB through --plain", PICOCOM, "picocom")
