"""How long `opsterm --version` takes, against a Python that only imports argparse."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.harness import Result

ROUNDS = 21
OPSTERM = str(Path(sys.executable).parent / "opsterm")


def main() -> Result:
    """The median of whole processes, run in turns."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(seconds([sys.executable, "-c", "import argparse"]))
        ours.append(seconds([OPSTERM, "--version"]))
    return Result("--version", statistics.median(ours), statistics.median(theirs), "s", "import argparse", "lower")


def seconds(command: list[str]) -> float:
    """Wall time of a whole process."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin
