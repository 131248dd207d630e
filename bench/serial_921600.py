"""Processor time of the program in a terminal at 921,600 baud, 92,160 bytes/s: `serial_idle` with a busy device."""

from __future__ import annotations

from bench.harness import Result
from bench.serial_idle import measure
from bench.serial_rig import TAB, TIO


def main() -> Result:
    """Lines of 100 bytes, evenly."""
    return Result("at 921,600 baud", measure(TAB, 92_160), measure(TIO, 92_160), "% of a core", "tio", better="lower")
