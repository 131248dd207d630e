"""From enter until the device has the line, against a program that only copies its keys to the port."""

from __future__ import annotations

import os
import random
import select
import sys
import time

from bench.harness import Result, also, percentile
from bench.serial_rig import TAB, Program, device, running

LINES = 60
_RELAY = (
    "import os\nport = os.open('PORT', os.O_RDWR | os.O_NOCTTY)\nos.write(1, b'ready')\n"
    "while True: os.write(port, os.read(0, 100))"
)
RELAY = Program((sys.executable, "-c", _RELAY), b"ready")


def measure(program: Program) -> list[float]:
    """Milliseconds of each line; it stands in the field before the clock starts."""
    moments = random.Random(1)
    found = []
    with device() as (fd, port), running(program, port) as screen:
        time.sleep(1)
        for number in range(LINES):
            screen.type(b"AT+%d" % number)
            time.sleep(moments.uniform(0.1, 0.3))
            begun = time.perf_counter()
            screen.type(b"\r")
            line = b""
            while not line.rstrip(b"\n").endswith(b"\r"):
                if not select.select([fd], [], [], 10)[0]:
                    raise TimeoutError(f"{line!r} and no more at the device")
                line += os.read(fd, 100)
            found.append(1000 * (time.perf_counter() - begun))
            if b"AT+%d\r" % number not in line:
                raise AssertionError(f"{line!r} at the device")
            time.sleep(moments.uniform(0.05, 0.1))
    return found


def main() -> Result:
    """The 95th percentile of both; the median goes to stderr."""
    ours, theirs = measure(TAB), measure(RELAY)
    also("enter to device, p50", percentile(ours, 50), percentile(theirs, 50), "ms", "copying keys")
    return Result(
        "enter to device, p95", percentile(ours, 95), percentile(theirs, 95), "ms", "copying keys", better="lower"
    )
