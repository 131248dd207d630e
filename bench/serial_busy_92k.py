"""Bytes taken at 92 kB/s while the Pods tab follows a busy log: `serial_busy_1200k` at another rate."""

from __future__ import annotations

from bench.harness import Result
from bench.serial_busy_1200k import compare


def main() -> Result:
    """What 921,600 baud are."""
    return compare("bytes taken at 92 kB/s, logs beside", 92_160, 60)
