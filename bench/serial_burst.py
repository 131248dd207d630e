"""10 MB at once onto the screen: from the first byte sent until the last line is seen, against tio.

Two more figures go to stderr: when the device had got rid of all of it (what a screen shows of the end proves that it
was taken in), and by how much memory grew. Median of three; tio, which takes its time, runs once.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from bench.harness import Result, also
from bench.serial_rig import TAB, TIO, Program, act, device, running
from bench.serial_rig.acts import LINE_BYTES

SIZE = 10_000_000


def measure(program: Program) -> tuple[float, float, float]:
    """Seconds until the end is visible and until all is taken, and MB that memory grew by."""
    with device() as (fd, port), running(program, port) as screen:
        time.sleep(1)
        before = resident(screen.pid)
        screen.expect(b"#%09d" % (SIZE // LINE_BYTES - 1))
        sending = act("lines", fd, SIZE)
        begun, taken = map(float, sending.communicate()[0].split())
        visible = screen.seen()
        return visible - begun, taken - begun, resident(screen.pid) - before


def resident(pid: int) -> float:
    """MB of memory that a process has, by Linux's account."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> Result:
    """Measure ours, then tio."""
    ours = [measure(TAB) for _ in range(3)]
    theirs = measure(TIO)
    visible, taken, grown = (statistics.median(each) for each in zip(*ours, strict=True))
    also("10 MB taken in", taken, theirs[1], "s", "tio")
    also("memory for it", grown, theirs[2], "MB", "tio")
    return Result("10 MB on the screen", visible, theirs[0], "s", "tio", better="lower")
