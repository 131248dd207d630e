"""How the Traces tab is asked to begin, and what it does beside the screen when an alert begins."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from opsterm.services.telemetry.analysis.rules import Rule

_MOST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """Whether to listen from the start, what to be told of, and how besides on the screen.

    `command` is run with the words of the alert as its last argument; empty for none.
    """

    listens: bool = False
    rules: Sequence[Rule] = ()
    bell: bool = False
    command: str = ""


async def run_command(command: str, text: str) -> None:
    """Run `command` with `text`, without a shell; what it prints goes nowhere. Raises OSError, ValueError."""
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *shlex.split(command), text, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
