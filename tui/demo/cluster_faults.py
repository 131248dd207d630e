"""What can be made to go wrong with the small cluster, on demand."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aiohttp import web


class Cut(Enum):
    """Ways in which a running answer can end."""

    EOF = "eof"
    """Cleanly, as if it were complete."""
    RESET = "reset"
    STALL = "stall"
    """Nothing comes any more, and nobody says so (half-open)."""
    ERROR = "error"
    """For a watch: an ERROR event, then the end."""


@dataclass(eq=False)
class Running:
    """An answer that goes on: a watch, or a followed log."""

    resource: str
    name: str = ""
    cut: asyncio.Future[Cut] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class CutError(Exception):
    """The answer is to end this way now."""

    def __init__(self, how: Cut) -> None:
        super().__init__(how.value)
        self.how = how


class Faults:
    """The faults in force. The API asks it before each answer and while one goes on."""

    def __init__(self) -> None:
        self.denied: set[tuple[str, str]] = set()
        """Pairs of verb and resource that are answered with 403: `("list", "pods")`, `("get", "pods/log")`."""
        self.throttled = 0
        """How many of the next requests are answered with 429."""
        self.retry_after = 1
        self.running: set[Running] = set()

    def cut(self, how: Cut, resource: str, name: str = "") -> int:
        """End running answers for `resource` (`pods`, `pods/log`), of one pod or all; returns how many."""
        hit = [
            run for run in self.running if run.resource == resource and name in ("", run.name) and not run.cut.done()
        ]
        for run in hit:
            run.cut.set_result(how)
        return len(hit)

    @contextlib.contextmanager
    def going_on(self, resource: str, name: str = "") -> Any:
        """Note an answer as running, so that it can be cut."""
        run = Running(resource, name)
        self.running.add(run)
        try:
            yield run
        finally:
            self.running.discard(run)


async def or_cut(run: Running, work: Any) -> Any:
    """The result of `work`, unless the answer is cut before. Raises CutError."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task, run.cut}, return_when=asyncio.FIRST_COMPLETED)
        if run.cut.done():
            raise CutError(run.cut.result())
        return task.result()
    finally:
        task.cancel()


async def end(request: web.Request, how: Cut) -> None:
    """Carry out a cut on the connection of `request`; a clean end is left to the caller."""
    transport = request.transport
    if transport is None:
        return
    if how is Cut.STALL:
        await asyncio.Event().wait()
    if how is Cut.RESET:
        linger: socket.socket = transport.get_extra_info("socket")
        linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
