"""From a pulled device's return until its bytes are on the screen again, against tio, which looks once a second.

The device comes back under the same name and sends a number every millisecond from then on, until one is shown.
Median of eleven returns, at uneven moments so that nobody's rhythm is met.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from bench.harness import Result
from bench.serial_rig import OPSTERM, TIO, Program, running
from tests.cable import Cable

RETURNS = 11


def measure(program: Program, gone: bytes) -> list[float]:
    """Milliseconds of each return; `gone` is what `program` says of the loss."""
    moments = random.Random(1)
    found = []
    with tempfile.TemporaryDirectory() as folder, Cable(Path(folder)) as cable, running(program, cable.a) as screen:
        for number in range(RETURNS):
            screen.tail = b""
            cable.pull()
            screen.wait(gone)
            time.sleep(moments.uniform(0.2, 1.2))
            cable.plug()
            back = time.perf_counter()
            device = os.open(cable.b, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            while b"<%d>" % number not in screen.tail:
                os.write(device, b"<%d>\n" % number)
                time.sleep(0.001)
            found.append(1000 * (time.perf_counter() - back))
            os.close(device)
    return found


def main() -> Result:
    """Measure ours, then tio."""
    ours, theirs = measure(OPSTERM, b"disconnected"), measure(TIO, b"isconnected")
    return Result("a port that comes back", statistics.median(ours), statistics.median(theirs), "ms", "tio", "lower")
