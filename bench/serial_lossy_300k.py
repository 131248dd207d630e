"""Bytes taken from a device that waits for nobody, at 300 kB/s, against tio: `serial_lossy` at another rate."""

from __future__ import annotations

from bench.harness import Result
from bench.serial_lossy import compare


def main() -> Result:
    """Three megabaud."""
    return compare("bytes taken at 300 kB/s", 300_000)
