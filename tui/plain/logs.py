"""`opsterm logs --plain`: the logs of a pod, or of all pods that match a selector, on standard output.

Lines are `2026-11-24 10:44:50.995281 web-x2k4p/app text`, in local time; what happened to the streams goes to
standard error. Reading waits for whoever reads the output, so a slow reader loses nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import select
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from opsterm.services.kube.logs.hub import LogHub
from opsterm.services.kube.service import PodService
from opsterm.services.lines import Direction, Line, stamp
from opsterm.services.serial.threads import in_thread
from opsterm.services.service import State

_NOT_REACHED, _INTERRUPTED = 4, 130
_ENOUGH = 20_000  # lines read ahead of the output


class Stream(Protocol):
    """Anything that has a file descriptor."""

    def fileno(self) -> int:
        """The descriptor."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which logs: of `pod` or of the pods that match `selector`, one `container` of each or all. `since` is seconds
    back, `tail` a number of old lines for each container, both as `LogHub` takes them.
    """

    selector: str = ""
    pod: str = ""
    container: str = ""
    since: float | None = None
    tail: int | None = None


def main(options: argparse.Namespace) -> int:
    """Run with the options of the command line; returns the exit status."""
    wanted = Wanted(options.selector or "", options.pod or "", options.container or "")
    service = PodService(options.context or "", options.namespace or "")
    return asyncio.run(run(wanted, service, wait=options.wait, stdout=sys.stdout))


async def run(wanted: Wanted, service: PodService, *, wait: bool, stdout: Stream) -> int:
    """Print until ctrl+c or until nobody reads; returns the exit status. Starts and stops `service`.

    When the cluster is not reached the first time, or has no such pod, this ends with 4, unless it is to `wait`.
    """
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    with _ends_on_signals(end), _ends_with_reader(stdout.fileno(), end):
        working = asyncio.create_task(_follow(wanted, service, stdout.fileno(), wait=wait))
        working.add_done_callback(lambda task: None if task.cancelled() else end(task.result()))
        try:
            return await ended
        finally:
            working.cancel()
            await service.stop()


async def _follow(wanted: Wanted, service: PodService, fd: int, *, wait: bool) -> int:
    """Connect, then print for ever; returns why that is not possible."""
    changed = asyncio.Event()
    service.listen(changed.set)
    await service.start()
    said = ""
    while service.status.state is not State.LIVE:
        changed.clear()
        status = service.status
        if service.error and status.reason != said:
            said = status.reason
            _say(f"{status.reason} {status.hint}".rstrip())
            if not wait:
                return _NOT_REACHED
        await changed.wait()
    hub = service.logs(
        selector=wanted.selector, pod=wanted.pod, container=wanted.container, since=wanted.since, tail=wanted.tail
    )
    news = asyncio.Event()
    hub.listen(news.set)
    hub.ring.listen(news.set)
    while not hub.ready:
        news.clear()
        await news.wait()
    if not hub.pods:
        place = f"in {service.namespace}" if service.namespace else "in any namespace"
        if wanted.pod and not wait:
            _say(f"No pod {wanted.pod} {place}. --wait waits for it.")
            return _NOT_REACHED
        _say(f"No pod matches {hub.scope} {place} yet; waiting for one.")
    with suppress(BrokenPipeError):
        await _print(hub, fd, news)
    return _INTERRUPTED


async def _print(hub: LogHub, fd: int, news: asyncio.Event) -> None:
    """Write what comes, as fast as it is taken. Raises BrokenPipeError when nobody reads any more."""
    seq = 0
    error = ""
    while True:
        news.clear()
        lines = hub.ring.since(seq)
        if hub.error and hub.error.reason != error:
            error = hub.error.reason
            _say(error)
        if not lines:
            hub.hold(False)
            await news.wait()
            continue
        seq = lines[-1].seq + 1
        writing = asyncio.create_task(in_thread(partial(_write, fd, _text(lines)), "standard output"))
        while not writing.done():
            hub.hold(hub.ring.next_seq - seq > _ENOUGH)
            news.clear()
            waiting = asyncio.create_task(news.wait())
            await asyncio.wait({writing, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        await writing


def _text(lines: list[Line]) -> bytes:
    """The lines as bytes to write; the notes among them are said."""
    out = []
    for line in lines:
        if line.direction is Direction.NOTE:
            _say(line.text)
        else:
            out.append(f"{stamp(line.first_ns)} {line.source} {line.text}\n")
    return "".join(out).encode()


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            select.select([], [fd], [])


@contextmanager
def _ends_on_signals(end: Callable[[int], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, _INTERRUPTED)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def _ends_with_reader(fd: int, end: Callable[[int], None]) -> Iterator[None]:
    """End when nobody reads the pipe `fd` any more, even while there is nothing to write."""
    loop = asyncio.get_running_loop()
    if not stat.S_ISFIFO(os.fstat(fd).st_mode):
        yield
        return
    loop.add_reader(fd, end, _INTERRUPTED)  # a pipe's writing end becomes ready only by this error
    try:
        yield
    finally:
        loop.remove_reader(fd)


def _say(sentence: str) -> None:
    print(f"opsterm: {sentence}", file=sys.stderr, flush=True)  # noqa: T201  plain mode's own words
