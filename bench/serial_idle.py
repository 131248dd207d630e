"""Processor time of the program in a terminal, its port open and silent, against tio."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench.harness import Result
from bench.serial_rig import TAB, TIO, Program, act, device, running

SECONDS = 10.0


def measure(program: Program, rate: float = 0.0) -> float:
    """Per cent of a core that `program` takes while a device sends `rate` bytes a second."""
    with device() as (fd, port), running(program, port) as screen:
        time.sleep(2)
        sending = act("drop", fd, rate, SECONDS + 4) if rate else None
        time.sleep(2)  # the sender has begun
        before, begun = used(screen.pid), time.perf_counter()
        time.sleep(SECONDS)
        found = 100 * (used(screen.pid) - before) / (time.perf_counter() - begun)
        if sending:
            sending.kill()
            sending.communicate()
    return found


def used(pid: int) -> float:
    """Seconds of processor time that a process has had, by Linux's account."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> Result:
    """Measure ours, then tio; what the system's clock cannot see of tio counts as one tick."""
    tick = 100 / os.sysconf("SC_CLK_TCK") / SECONDS
    return Result("idle", measure(TAB), max(measure(TIO), tick), "% of a core", "tio", better="lower")
