"""How long from the start until something is on the screen, against an empty Textual app."""

from __future__ import annotations

import os
import pty
import select
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.harness import Result

ROUNDS = 9
EMPTY = "from textual.app import App\nfrom textual.widgets import Static\n" + (
    "class Empty(App):\n    def compose(self):\n        yield Static('first paint')\nEmpty().run()\n"
)
OPSTERM = str(Path(sys.executable).parent / "opsterm")


def main() -> Result:
    """The frame with its tabs."""
    return against_empty_app("first paint", b"Builds")


def against_empty_app(name: str, marker: bytes) -> Result:
    """Seconds until opsterm has painted `marker`; the median of runs taken in turns with those of the empty app."""
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "OPSTERM_CONFIG_DIR": folder, "OPSTERM_STATE_DIR": folder, "TERM": "xterm-256color"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode; the first round makes it
        for number in range(-1, ROUNDS):
            if number == 0:
                ours.clear()
                theirs.clear()
            theirs.append(first_paint([sys.executable, "-c", EMPTY], b"first", env))
            ours.append(first_paint([OPSTERM], marker, env))
    return Result(name, statistics.median(ours), statistics.median(theirs), "s", "empty app", "lower")


def first_paint(command: list[str], marker: bytes, env: dict[str, str]) -> float:
    """Seconds from the fork until `marker` reaches the terminal."""
    begin = time.perf_counter()
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, env)
    seen = b""
    while marker not in seen:
        if not select.select([fd], [], [], 20)[0]:
            raise TimeoutError(f"{command[0]} painted nothing")
        seen += os.read(fd, 65536)
    took = time.perf_counter() - begin
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.close(fd)
    return took
