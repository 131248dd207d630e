"""`opsterm serial PORT --plain`: the lines of a port on standard output, those of standard input sent."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from opsterm.services.serial.capture import Capture
from opsterm.services.serial.capture_file import Rotation
from opsterm.services.serial.capture_names import capture_path
from opsterm.services.serial.choose import settings_for
from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.serial.explain import WAITING
from opsterm.services.serial.play_script import play_script
from opsterm.services.serial.script import BadScriptError, Run, Step, parse_script
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from opsterm.tui.config import ConfigError, SerialConfig, load
from opsterm.tui.memory import Memory
from opsterm.tui.options import serial_defaults, serial_given
from opsterm.tui.plain.ends import (
    CHECK_FAILED,
    GOODBYE_SECONDS,
    INTERRUPTED,
    NOT_REACHED,
    USAGE,
    Stream,
    ends_on_signals,
    ends_with_reader,
    say,
)
from opsterm.tui.plain.printer import Printer


def main(options: argparse.Namespace) -> int:
    """Run with the options of the command line; returns the exit status."""
    try:
        remembered = Memory().get("ports", {})
        config = load()
        settings = settings_for(options.port, remembered, serial_defaults(config), serial_given(options))
        capture = _capture(options, config.serial)
        script = _script(options.script)
    except (BadSettingError, ConfigError) as error:
        say(str(error))
        return USAGE
    # Lines are in no cycle: with the usual 700 the collector would go through all that are kept, over and over.
    gc.set_threshold(50_000)
    stdin = None if script else sys.stdin
    return asyncio.run(
        run(settings, wait=options.wait, stdin=stdin, stdout=sys.stdout, capture=capture, script=script)
    )


def _capture(options: argparse.Namespace, config: SerialConfig) -> Capture | None:
    """What the command line asks for, else what is always wanted. Raises BadSettingError."""
    path, rotate = options.capture, options.rotate
    if path is None and config.capture:
        try:
            path, rotate = capture_path(config.capture, options.port), rotate or config.rotate
        except OSError as error:
            raise BadSettingError(f"Cannot capture: {error.filename}: {error.strerror}.") from None
    return Capture(path, rotation=Rotation.parse(rotate) if rotate else None, told=say) if path else None


def _script(path: str | None) -> tuple[Step, ...]:
    if path is None:
        return ()
    try:
        return parse_script(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadScriptError(f"{path}: {os.strerror(error.errno or 0)}.") from None
    except UnicodeDecodeError:
        raise BadScriptError(f"{path} is not UTF-8.") from None
    except BadScriptError as error:
        raise BadScriptError(f"{path}: {error.reason}") from None


async def run(
    settings: Settings,
    *,
    wait: bool,
    stdin: Stream | None,
    stdout: Stream,
    capture: Capture | None = None,
    script: tuple[Step, ...] = (),
) -> int:
    """Print what comes and send what is typed until ctrl+c or until nobody reads; returns the exit status.

    With a `script` this ends when that does, with 0 or, where it fails, with 1.
    What passes goes to `capture`, too; this ends with 2 where its file cannot be written from the start.
    When the port does not open the first time this ends with 4, unless it is to `wait`. Once open it is opened again
    whenever it comes back. The end of standard input ends sending only.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()
    opened = asyncio.Event()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    service = SerialService()
    if capture is not None:
        try:
            await capture.start()
        except SerialError as error:
            say(str(error))
            return USAGE
        capture.attach(service.ring, service.taps)
    printer = Printer(service.ring, stdout.fileno(), say, service.hold, lambda: end(INTERRUPTED))
    said = ""

    def changed() -> None:
        nonlocal said
        status = service.status
        if status.state is State.LIVE:
            if not opened.is_set():
                say(f"{settings.port} is open, {settings.baud} {settings.frame}.")
            opened.set()
            said = ""
        elif status.reason and status.reason != said:
            said = status.reason
            leaving = not wait and not opened.is_set() and status.state is not State.STARTING
            hint = "--wait waits for it." if leaving and status.hint == WAITING else status.hint
            say(f"{status.reason} {hint}".rstrip())
            if leaving:
                end(NOT_REACHED)

    with ends_on_signals(end), ends_with_reader(stdout.fileno(), end):
        end_listening = service.listen(changed)
        playing = asyncio.create_task(_play(Run(script, service.ring), service, opened, end)) if script else None
        await service.open(settings)
        printing = asyncio.create_task(printer.run())
        typing = asyncio.create_task(_type(service, stdin.fileno(), opened)) if stdin is not None else None
        try:
            return await ended
        finally:
            end_listening()
            for task in (typing, playing):
                if task is not None:
                    task.cancel()
            await service.stop()
            if capture is not None:
                await capture.stop()
            printer.finish()
            await asyncio.wait([printing], timeout=GOODBYE_SECONDS)
            printing.cancel()


async def _play(script: Run, service: SerialService, opened: asyncio.Event, end: Callable[[int], None]) -> None:
    await opened.wait()
    failure = await play_script(script, service)
    say(failure or "Script done.")
    end(CHECK_FAILED if failure else 0)


async def _type(service: SerialService, fd: int, opened: asyncio.Event) -> None:
    """Send the lines of `fd` once the port is open, no faster than it takes them."""
    lines: asyncio.Queue[list[bytes] | None] = asyncio.Queue(maxsize=1)
    loop = asyncio.get_running_loop()

    def put(item: list[bytes] | None) -> None:
        asyncio.run_coroutine_threadsafe(lines.put(item), loop).result()

    def read() -> None:
        rest = b""
        with suppress(OSError, RuntimeError):  # nothing to read from, or the program is ending
            while data := os.read(fd, 65536):
                *whole, rest = (rest + data).split(b"\n")
                put(whole)
            put([rest] if rest else [])
            put(None)

    await opened.wait()
    # A daemon thread and the bare descriptor: at the end of the program nobody waits for a line that never comes.
    threading.Thread(target=read, name="standard input", daemon=True).start()
    while (batch := await lines.get()) is not None:
        for line in batch:
            _send(service, line.removesuffix(b"\r"))
            await service.drain()


def _send(service: SerialService, line: bytes) -> None:
    try:
        service.send(line.decode())
    except UnicodeDecodeError:
        service.send(line)
    except BadSettingError as error:
        say(str(error))
