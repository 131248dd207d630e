"""Bytes taken at 300 kB/s while the Pods tab follows a busy log: `serial_busy_1200k` at another rate."""

from __future__ import annotations

from bench.harness import Result
from bench.serial_busy_1200k import compare


def main() -> Result:
    """Three megabaud."""
    return compare("bytes taken at 300 kB/s, logs beside", 300_000, 60)
