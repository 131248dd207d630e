"""`opsterm doctor`: a line for each part that opsterm needs, and what to do about each that fails."""

from __future__ import annotations

import asyncio
import locale
import os
import shutil
import sys
import textwrap
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

from opsterm.services.service import Service, State
from opsterm.widgets.words import ASCII, count

SECONDS = 10.0  # what a part may take to answer
WIDTH = 80  # columns of what is printed, so that it can be read and pasted anywhere

FINE, LOOK, FAILED, OFF = "✓", "▲", "✖", "○"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part: a glyph, its name, one line, and what to do."""

    glyph: str
    part: str
    text: str
    todo: str = ""

    def __str__(self) -> str:
        rows = _wrapped(f"{self.glyph} {self.part:<10} ", self.text)
        return "\n".join([*rows, *(_wrapped(f"{'':13}→ ", self.todo) if self.todo else [])])


def _wrapped(start: str, text: str) -> list[str]:
    """`text` behind `start`, in rows that no terminal has to break; what is longer than a row stays whole."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def run() -> int:
    """Print all findings; returns 0 when nothing failed, else 1."""
    findings = asyncio.run(examine())
    ascii_only = bool(os.environ.get("OPSTERM_ASCII")) or "UTF" not in (sys.stdout.encoding or "").upper()
    for finding in findings:
        text = str(finding)
        print(text.translate(ASCII).encode("ascii", "replace").decode() if ascii_only else text)  # noqa: T201
    return int(any(finding.glyph == FAILED for finding in findings))


async def examine() -> Sequence[Finding]:
    """Look at everything at once."""
    checks: Sequence[Callable[[], Awaitable[Finding]]] = (terminal, serial, bluetooth, cluster, docker, sentry)
    return await asyncio.gather(*(check() for check in checks))


async def terminal() -> Finding:
    """What the terminal can do."""
    name = os.environ.get("TERM", "")
    size = shutil.get_terminal_size()
    colours = "truecolor" if os.environ.get("COLORTERM") in ("truecolor", "24bit") else "256 colours or fewer"
    text = f"{name or 'no TERM'}, {size.columns}×{size.lines}, {colours}, {locale.getpreferredencoding(False)}"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Finding(LOOK, "terminal", f"{text}, not a terminal", "here only --plain works")
    if name in ("", "dumb"):
        return Finding(FAILED, "terminal", text, "set TERM to what the terminal is, such as xterm-256color")
    if size.columns < 40 or size.lines < 8:
        return Finding(LOOK, "terminal", text, "opsterm needs 40×8")
    return Finding(FINE, "terminal", text)


async def serial() -> Finding:
    """The serial ports, and whether they may be opened."""
    from opsterm.services.serial.ports import list_ports  # noqa: PLC0415  each part is imported for its check

    ports = await list_ports()
    if not ports:
        return Finding(OFF, "serial", "no ports; plug a device in and it is there")
    for port in ports:
        if port.problem:
            bad = sum(bool(each.problem) for each in ports)
            text = f"{count(len(ports), 'port')}, {bad} not to be opened: {port.device}: {port.problem}"
            return Finding(LOOK, "serial", text, "sudo usermod -aG dialout $USER, then log in again")
    held = [f"{port.device} {port.held_by}" for port in ports if port.held_by]
    return Finding(FINE, "serial", ", ".join([count(len(ports), "port"), *held]))


async def bluetooth() -> Finding:
    """Whether BlueZ runs with an adapter that is on, and whether `ble://` can be opened."""
    from opsterm.services.serial.errors import SerialError  # noqa: PLC0415
    from opsterm.services.serial.links.bluez import Bluez, BluezError, adapters, explain  # noqa: PLC0415
    from opsterm.services.serial.links.paired import paired_ports  # noqa: PLC0415
    from opsterm.services.serial.ports import has_bluetooth  # noqa: PLC0415

    no_bleak = "" if find_spec("bleak") else "pip install 'opsterm[ble]' for ble://"
    if not has_bluetooth():
        return Finding(OFF, "bluetooth", "no BlueZ" if sys.platform != "linux" else "none in this kernel", no_bleak)
    try:
        bluez = await Bluez.connect()
        try:
            objects = await bluez.objects()
            on = adapters(objects)
        finally:
            await bluez.close()
    except (SerialError, BluezError) as failure:
        error = explain(failure, "BlueZ") if isinstance(failure, BluezError) else failure
        return Finding(LOOK, "bluetooth", error.reason, error.hint)
    paired = count(len(paired_ports(objects)), "paired device")
    return Finding(FINE, "bluetooth", f"{count(len(on), 'adapter')} on, {paired} with a serial port", no_bleak)


async def cluster() -> Finding:
    """The cluster of the current context."""
    from opsterm.services.kube.errors import NoConfigError  # noqa: PLC0415
    from opsterm.services.kube.service import PodService  # noqa: PLC0415

    service = PodService()
    found = await _of(
        service, "cluster", lambda: f"context {service.context}, {count(len(service.pods), 'pod')} seen"
    )
    if isinstance(service.error, NoConfigError):
        return replace(found, todo="set KUBECONFIG, or copy the cluster's file to ~/.kube/config")
    if found.glyph != FINE and not found.todo:
        return replace(found, todo="start it, or choose another: opsterm --context NAME")
    return found


async def docker() -> Finding:
    """The Docker engine and what builds."""
    from opsterm.services.docker.service import BuildService  # noqa: PLC0415

    service = BuildService()
    return await _of(service, "docker", lambda: service.engine)


async def sentry() -> Finding:
    """Whether opsterm reports its own crashes."""
    from opsterm.services.telemetry.destination import (  # noqa: PLC0415
        RECEIVER_PORT,
        ReportsError,
        chosen_dsn,
        is_here,
        itself,
        place_of,
    )
    from opsterm.tui.config import ConfigError, load  # noqa: PLC0415

    try:
        config = load().sentry
        if not (dsn := chosen_dsn(config.dsn)):
            return Finding(OFF, "sentry", "off (no OPSTERM_SENTRY_DSN); nothing leaves this machine")
        place = place_of(dsn)
        if place.port == RECEIVER_PORT and await asyncio.to_thread(is_here, place.host):
            raise itself(place)
    except ReportsError as error:
        return Finding(FAILED, "sentry", error.reason, error.hint)
    except ConfigError as error:
        return Finding(FAILED, "sentry", str(error), "correct that file: the screen does not open before")
    text = f"on: errors, and the times of {config.traces_sample_rate:.0%} of actions, go to {place.host}:{place.port}"
    return Finding(FINE, "sentry", text)


async def _of(service: Service, part: str, fine: Callable[[], str]) -> Finding:
    """Start a service, and tell what became of it."""
    changed = asyncio.Event()
    service.listen(changed.set)
    try:
        await service.start()
        async with asyncio.timeout(SECONDS):
            while service.status.state in (State.STARTING, State.OFF):
                changed.clear()
                await changed.wait()
    except TimeoutError:
        return Finding(FAILED, part, f"no answer within {SECONDS:.0f} s")
    finally:
        status = service.status
        text = fine()
        await service.stop()
    if status.state is State.LIVE:
        return Finding(FINE, part, text)
    glyph = LOOK if status.state is State.DEGRADED else FAILED
    return Finding(glyph, part, status.reason, status.hint)
