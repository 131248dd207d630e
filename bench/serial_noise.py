"""Bytes a second of pure noise through `--plain` and into a raw capture, against tio with a log.

Noise has every escape sequence in it. What reaches the terminal must have none of them, and the capture must have
every byte. 5 MB, or 50 MB with `--long`.
"""

from __future__ import annotations

import os
import random
import re
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from bench.harness import Result, seconds
from bench.serial_rig import OPSTERM, TIO, Program, device, running

SIZE = 5_000_000
_END = b"\n--- the end ---\n"
_HARMFUL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def measure(program: Program, *options: str, harmless: bool) -> float:
    """MB a second through `program`, which is given `options` to capture with."""
    size = int(seconds(SIZE, 10 * SIZE)) if harmless else SIZE
    noise = random.Random(4).randbytes(size).replace(b"--- the", b"")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "raw.bin")
        words = [word.replace("FILE", str(file)) for word in options]
        with device() as (fd, port), running(replace(program, command=(*program.command, *words)), port) as screen:
            screen.chunks.clear()
            screen.expect(b"--- the end ---")
            begun = time.perf_counter()
            threading.Thread(target=write, args=(fd, noise + _END), daemon=True).start()
            took = screen.seen(200) - begun
            deadline = time.monotonic() + 5
            while file.stat().st_size < len(noise + _END) and time.monotonic() < deadline:
                time.sleep(0.01)
            if harmless and file.read_bytes() != noise + _END:
                raise AssertionError(f"{file.stat().st_size:,} of {len(noise + _END):,} bytes captured, or others")
            if harmless and (found := _HARMFUL.search(b"".join(screen.chunks))):
                raise AssertionError(f"{found[0]!r} at the terminal")
    return size / took / 1e6


def write(fd: int, data: bytes) -> None:
    """Send all of `data`, as fast as it is taken."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest[:65536]) :]


def main() -> Result:
    """Measure ours, then tio, which writes its log of what it shows."""
    ours = measure(OPSTERM, "--capture", "FILE", harmless=True)
    theirs = measure(TIO, "--log-file", "FILE", "--log", harmless=False)
    return Result("noise through --plain and a capture", ours, theirs, "MB/s", "tio")
