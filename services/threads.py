"""Blocking calls off the loop, on threads that never keep the program alive."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], name: str, discard: Callable[[T], object] | None = None) -> T:
    """What `work` returns or raises, from a daemon thread of its own.

    The default executor would not do: its threads are waited for at exit, and opening or closing a port may block
    for as long as the device likes. Where nobody waits any longer, a late result goes to `discard`, on that thread.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            if error is None and discard is not None:
                late = threading.Thread(target=discard, args=(result,), name=f"{name}, discarded", daemon=True)
                late.start()
        elif error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # a result is None only where T allows it

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = work()
        except BaseException as error:  # raised where the result is awaited
            failure = error
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:  # the loop is closed
            if failure is None and discard is not None:
                discard(result)  # type: ignore[arg-type]

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future
