"""Work of a library that does not end at once when it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_SECONDS = 0.8
_going_on: set[asyncio.Task[Any]] = set()


async def detached(
    work: Coroutine[Any, Any, T], name: str, discard: Callable[[T], Awaitable[object]] | None = None
) -> T:
    """What `work` returns or raises; whoever cancels this waits 0.8 s at most, and `work` ends by itself after that.

    Where it comes to a result all the same, that goes to `discard`.
    """
    task = asyncio.create_task(work, name=name)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        keep(asyncio.create_task(_end(task, discard), name=f"{name}, discarded"))
        await asyncio.wait([task], timeout=_SECONDS)
        raise


async def briefly(work: Coroutine[Any, Any, object], name: str) -> None:
    """Wait 0.8 s at most for `work`, which goes on by itself after that; what it raises is of no interest."""
    task = asyncio.create_task(_end(asyncio.create_task(work, name=name), None), name=f"{name}, waited for")
    keep(task)
    await asyncio.wait([task], timeout=_SECONDS)


def keep(task: asyncio.Task[Any]) -> None:
    """The loop alone does not keep a task alive."""
    _going_on.add(task)
    task.add_done_callback(_going_on.discard)


async def _end(task: asyncio.Task[T], discard: Callable[[T], Awaitable[object]] | None) -> None:
    await asyncio.wait([task])
    if not task.cancelled() and task.exception() is None and discard is not None:
        await discard(task.result())
