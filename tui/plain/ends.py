"""What the plain modes have in common: how they end, and where their own words go."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

CHECK_FAILED, USAGE, NOT_REACHED, INTERRUPTED = 1, 2, 4, 130
"""Exit statuses: something did not go as it should; what was asked for makes no sense; the first try failed; ctrl+c,
or nobody reads any more.
"""

GOODBYE_SECONDS = 0.5
"""How long the end may wait for whoever reads the output."""


class Stream(Protocol):
    """Anything that has a file descriptor."""

    def fileno(self) -> int:
        """The descriptor."""


@contextmanager
def ends_on_signals(end: Callable[[int], None]) -> Iterator[None]:
    """Call `end` with the status by which shells know the signal, instead of dying of it: SIGINT 130, SIGTERM 143."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, 128 + number)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def ends_with_reader(fd: int, end: Callable[[int], None]) -> Iterator[None]:
    """Call `end` when nobody reads the pipe `fd` any more, even while there is nothing to write."""
    loop = asyncio.get_running_loop()
    if not stat.S_ISFIFO(os.fstat(fd).st_mode):
        yield
        return
    loop.add_reader(fd, end, INTERRUPTED)  # a pipe's writing end becomes ready only by this error
    try:
        yield
    finally:
        loop.remove_reader(fd)


def say(sentence: str) -> None:
    """Plain mode's own words, on standard error."""
    print(f"opsterm: {sentence}", file=sys.stderr, flush=True)  # noqa: T201
