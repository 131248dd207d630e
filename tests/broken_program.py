"""The program with a tab that fails on purpose, run as `python -m tests.broken_program FOLDER`.

`X` fails in a key's handler, `Y` in a worker that takes the program with it, `W` in one that does not, `Z` in a
callback that nobody waits for. Each holds a secret in a local variable.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from opsterm.tui.launch import run_app
from tests.screens.frame_app import LinesScreen, program

SECRET = "hunter" + str(2)  # put together, so that no line of source shows it


class BrokenScreen(LinesScreen):
    """Fails as it is asked to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("X", "fail", "Fail", id="broken.handler", tooltip="Fail in the handler"),
        Binding("Y", "work(True)", "Fail", id="broken.worker", tooltip="Fail in a worker, fatally"),
        Binding("W", "work(False)", "Fail", id="broken.mild", tooltip="Fail in a worker"),
        Binding("Z", "call", "Fail", id="broken.callback", tooltip="Fail in a callback"),
    ]

    def action_fail(self) -> None:
        fail()

    def action_work(self, fatal: bool) -> None:
        self.run_worker(work(), exit_on_error=fatal)

    def action_call(self) -> None:
        asyncio.get_running_loop().call_soon(fail)


def fail() -> None:
    password = SECRET
    raise RuntimeError(f"broken on purpose, {len(password)} letters")


async def work() -> None:
    fail()


if __name__ == "__main__":
    sys.exit(run_app(program(Path(sys.argv[1]), screen=BrokenScreen)))
