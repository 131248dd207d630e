"""`python -m bench [--long] [NAME ...]` runs every script of this folder, or those named, in processes of their own.

With `--long` what is to hold for a minute is measured for a minute.

A script has `main() -> Result`. Each prints one line, and together they write `bench/results.json`.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench.harness import LONG

FOLDER = Path(__file__).parent


def scripts() -> list[str]:
    """Names of the scripts, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in {"__main__", "__init__", "harness"})


def alone(name: str) -> None:
    """Run one script here and print its result as JSON, for the process that started this one."""
    result = importlib.import_module(f"bench.{name}").main()
    print(json.dumps({**asdict(result), "ratio": round(result.ratio, 2), "line": str(result)}))


def run(names: list[str]) -> int:
    """Run each script in a fresh interpreter; returns how many failed. What did not run keeps its last result."""
    file = FOLDER / "results.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    failed = 0
    for name in names:
        done = subprocess.run(
            [sys.executable, "-m", "bench", "--alone", name], stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            failed += 1
            print(f"{name}: failed with status {done.returncode}", file=sys.stderr)
            continue
        result = json.loads(done.stdout.splitlines()[-1])
        print(result.pop("line"), flush=True)
        results[name] = result
    file.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        alone(sys.argv[2])
    else:
        names = [argument for argument in sys.argv[1:] if argument != "--long"]
        if "--long" in sys.argv:
            os.environ[LONG] = "1"
        sys.exit(1 if run(names or scripts()) else 0)
