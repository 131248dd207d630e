"""From a line's last byte leaving the device until the terminal has it, for lines that come one by one, against tio.

tio copies bytes; opsterm draws a screen, and that is what the difference is.
"""

from __future__ import annotations

import os
import random
import time

from bench.harness import Result, also, percentile
from bench.serial_rig import TAB, TIO, Program, device, running

LINES = 60


def measure(program: Program) -> list[float]:
    """Milliseconds of each line, at uneven moments so that no tick is met."""
    moments = random.Random(1)
    found = []
    with device() as (fd, port), running(program, port) as screen:
        time.sleep(1)
        for number in range(LINES):
            marker = b"#%05d" % number
            screen.expect(marker)
            begun = time.perf_counter()
            os.write(fd, b"%b of what a device says\r\n" % marker)
            found.append(1000 * (screen.seen() - begun))
            time.sleep(moments.uniform(0.1, 0.3))
    return found


def main() -> Result:
    """The 95th percentile of both; the median goes to stderr."""
    ours, theirs = measure(TAB), measure(TIO)
    also("a line to the screen, p50", percentile(ours, 50), percentile(theirs, 50), "ms", "tio")
    return Result(
        "a line to the screen, p95", percentile(ours, 95), percentile(theirs, 95), "ms", "tio", better="lower"
    )
