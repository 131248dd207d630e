"""Bytes a second through `opsterm serial --plain` against miniterm, pySerial's own: `serial_throughput` once more."""

from __future__ import annotations

from bench.harness import Result
from bench.serial_rig import MINITERM
from bench.serial_throughput import compare


def main() -> Result:
    """miniterm stamps nothing and looks at no byte with --raw."""
    return compare("100 MB through --plain, beside miniterm", MINITERM, "miniterm")
