"""Logs of the small cluster: lines with their times, rotation, and who follows them."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import UTC, datetime


class ContainerRun:
    """One run of a container and what it wrote. `previous` is the run before it."""

    def __init__(self, previous: ContainerRun | None = None) -> None:
        self.id = f"containerd://{uuid.uuid4().hex * 2}"
        self.previous = previous
        self.running = True
        self.started = datetime.now(UTC)
        self.first = 0
        """Index of the oldest line that the current log file holds; those before it are rotated away."""
        self.lines: list[tuple[int, bytes]] = []
        self._news = asyncio.Event()
        self._last_ns = 0

    def write(self, text: str) -> None:
        """One line, at the present nanosecond; times never go back."""
        self._last_ns = max(time.time_ns(), self._last_ns)
        self.lines.append((self._last_ns, text.encode()))
        self._wake()

    def end(self) -> None:
        """Nothing more is written."""
        self.running = False
        self._wake()

    def rotate(self) -> None:
        """Begin a new log file: what was written until now is no longer served."""
        self.first = len(self.lines)

    def start_index(self, tail: int | None, since_ns: int | None) -> int:
        """Where a request begins: the tail is taken of the file first, then the time looked at, as a kubelet does."""
        begin = self.first if tail is None else max(self.first, len(self.lines) - tail)
        if since_ns is not None:
            begin = next((i for i in range(begin, len(self.lines)) if self.lines[i][0] >= since_ns), len(self.lines))
        return begin

    async def more(self, index: int) -> bool:
        """Wait until there is a line at `index`; False when there will be none."""
        while index >= len(self.lines):
            if not self.running:
                return False
            await self._news.wait()
        return True

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


def stamp(ns: int) -> str:
    """A time as a container runtime writes it: nine digits, here always in UTC."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def since_ns(since_time: str | None, since_seconds: str | None) -> int | None:
    """The moment that a request asks for, in whole seconds as the API server hands it on."""
    if since_time:
        moment = datetime.fromisoformat(since_time)
        return int(moment.timestamp()) * 1_000_000_000
    if since_seconds:
        return (int(time.time()) - int(since_seconds)) * 1_000_000_000
    return None
