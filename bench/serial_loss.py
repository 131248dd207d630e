"""From pulling a device until its loss is on the screen, against tio."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from bench.harness import Result, also, percentile
from bench.serial_rig import TAB, TIO, Program, running
from tests.cable import Cable

PULLS = 12


def measure(program: Program, gone: bytes, back: bytes) -> list[float]:
    """Milliseconds of each; `gone` and `back` are what `program` says."""
    moments = random.Random(1)
    found = []
    with tempfile.TemporaryDirectory() as folder, Cable(Path(folder)) as cable, running(program, cable.a) as screen:
        for _ in range(PULLS):
            time.sleep(moments.uniform(0.2, 0.5))
            screen.expect(gone)
            begun = time.perf_counter()
            cable.pull()
            found.append(1000 * (screen.seen() - begun))
            screen.expect(back)
            cable.plug()
            screen.seen()
    return found


def main() -> Result:
    """The longest of both; the median goes to stderr."""
    ours, theirs = measure(TAB, b"disconnected", b"open again"), measure(TIO, b"isconnected", b" Connected")
    also("a loss shown, p50", percentile(ours, 50), percentile(theirs, 50), "ms", "tio")
    return Result("a loss shown, longest", max(ours), max(theirs), "ms", "tio", better="lower")
