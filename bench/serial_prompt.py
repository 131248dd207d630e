"""From the last byte of a prompt without newline until the terminal shows it, against tio, which has no lines."""

from __future__ import annotations

import os
import random
import time

from bench.harness import Result, also, percentile
from bench.serial_rig import TAB, TIO, Program, device, running

PROMPTS = 40


def measure(program: Program) -> list[float]:
    """Milliseconds of each prompt."""
    moments = random.Random(1)
    found = []
    with device() as (fd, port), running(program, port) as screen:
        time.sleep(1)
        for number in range(PROMPTS):
            marker = b"host%03d login:" % number
            screen.expect(marker)
            begun = time.perf_counter()
            os.write(fd, marker + b" ")
            found.append(1000 * (screen.seen() - begun))
            os.write(fd, b"root\r\n")
            time.sleep(moments.uniform(0.1, 0.3))
    return found


def main() -> Result:
    """The 95th percentile of both; the median goes to stderr."""
    ours, theirs = measure(TAB), measure(TIO)
    also("a prompt shown, p50", percentile(ours, 50), percentile(theirs, 50), "ms", "tio")
    return Result("a prompt shown, p95", percentile(ours, 95), percentile(theirs, 95), "ms", "tio", better="lower")
