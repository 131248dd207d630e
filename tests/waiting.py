"""Waiting in tests: for a state, never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def until(check: Callable[[], T], what: str = "", seconds: float = 10.0) -> T:
    """The first true result of `check`, asked every 10 ms; fails, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (result := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or check}")
        await asyncio.sleep(0.01)
    return result


def until_now(check: Callable[[], T], what: str = "", seconds: float = 10.0, every: float = 0.01) -> T:
    """`until` for tests without an event loop; asks `every` so many seconds."""
    deadline = time.monotonic() + seconds
    while not (result := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or check}")
        time.sleep(every)
    return result
