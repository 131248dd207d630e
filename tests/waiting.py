"""Waiting in tests: for a state, never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
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


async def until_done(
    check: Callable[[], Awaitable[T]], what: str = "", seconds: float = 10.0, every: float = 0.1
) -> T:
    """`until` for a `check` that has to be awaited, such as a question to a server; asks `every` so many seconds."""
    deadline = time.monotonic() + seconds
    while not (result := await check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or check}")
        await asyncio.sleep(every)
    return result


async def settled(look: Callable[[], T], times: int = 10) -> T:
    """What `look` gives when it has given the same so many `times`, 10 ms apart: nothing moves any more."""
    seen, same = look(), 0
    while same < times:
        await asyncio.sleep(0.01)
        now = look()
        same = same + 1 if now == seen else 0
        seen = now
    return seen


async def turns(count: int = 1) -> None:
    """Let the loop turn `count` times: what was called soon has then been called."""
    for _ in range(count):
        await asyncio.sleep(0)


async def thread_turn() -> None:
    """Let another thread have a turn, and come back from it."""
    await asyncio.to_thread(int)


def hold_up(seconds: float) -> None:
    """Keep the loop from turning for a moment, as heavy work does."""
    time.sleep(seconds)
