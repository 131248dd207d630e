"""`opsterm logs --plain`: the logs of a pod, or of all pods that match a selector, on standard output.

Lines are `2026-11-24 10:44:50.995281 web-x2k4p/app text`, in local time; what happened to the streams goes to
standard error. Reading waits for whoever reads the output, so a slow reader loses nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass

from opsterm.services.kube.logs.hub import LogHub
from opsterm.services.kube.service import PodService
from opsterm.services.lines import Line, stamp
from opsterm.services.service import State
from opsterm.tui.plain.ends import (
    GOODBYE_SECONDS,
    INTERRUPTED,
    NOT_REACHED,
    Stream,
    ends_on_signals,
    ends_with_reader,
    say,
)
from opsterm.tui.plain.printer import Printer


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

    with ends_on_signals(end), ends_with_reader(stdout.fileno(), end):
        following = asyncio.create_task(_follow(wanted, service, stdout.fileno(), end, wait=wait))
        try:
            await asyncio.wait({ended, following}, return_when=asyncio.FIRST_COMPLETED)
            return ended.result() if ended.done() else following.result()
        finally:
            following.cancel()
            await asyncio.wait({following})
            await service.stop()


async def _follow(wanted: Wanted, service: PodService, fd: int, end: Callable[[int], None], *, wait: bool) -> int:
    """Connect, then print for ever; returns the exit status where that is not possible."""
    if not await _reached(service, wait=wait):
        return NOT_REACHED
    hub = service.logs(
        selector=wanted.selector, pod=wanted.pod, container=wanted.container, since=wanted.since, tail=wanted.tail
    )
    printer = Printer(hub.ring, fd, say, hub.hold, lambda: end(INTERRUPTED), form=_form, noted=_words)
    printing = asyncio.create_task(printer.run())
    try:
        return await _watch(hub, wanted, service.namespace, wait=wait)
    finally:
        await service.close(hub)
        printer.finish()
        await asyncio.wait({printing}, timeout=GOODBYE_SECONDS)
        printing.cancel()


async def _reached(service: PodService, *, wait: bool) -> bool:
    """Start `service` and wait until it is live; False when it is not to `wait` and the first try failed."""
    changed = asyncio.Event()
    end_listening = service.listen(changed.set)
    await service.start()
    said = ""
    while service.status.state is not State.LIVE:
        changed.clear()
        status = service.status
        if service.error and status.reason != said:
            said = status.reason
            say(f"{status.reason} {status.hint}".rstrip())
            if not wait:
                return False
        await changed.wait()
    end_listening()
    return True


async def _watch(hub: LogHub, wanted: Wanted, namespace: str | None, *, wait: bool) -> int:
    """Say what goes wrong with the pods of `hub`; ends, with the exit status, only when there is no such pod."""
    changed = asyncio.Event()
    hub.listen(changed.set)
    looked = False
    said = ""
    while True:
        changed.clear()
        if hub.error and hub.error.reason != said:
            said = hub.error.reason
            say(said)
        if hub.ready and not looked:
            looked = True
            place = f"in {namespace}" if namespace else "in any namespace"
            if not hub.pods and wanted.pod and not wait:
                say(f"No pod {wanted.pod} {place}. --wait waits for it.")
                return NOT_REACHED
            if not hub.pods:
                say(f"No pod matches {hub.scope} {place} yet; waiting for one.")
        await changed.wait()


def _form(line: Line) -> str:
    return f"{stamp(line.first_ns)} {line.source} {line.text}"


def _words(note: Line) -> str:
    return note.text
