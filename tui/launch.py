"""Putting the program together: configuration, memory, tabs, and the app on top."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from opsterm.tui.app import OpsTerm
from opsterm.tui.background import is_light
from opsterm.tui.config import Config, ConfigError, config_dir, load
from opsterm.tui.crash import crash_hint
from opsterm.tui.keymap import KeymapError, check
from opsterm.tui.memory import Memory
from opsterm.tui.options import serial_defaults, serial_given
from opsterm.tui.tabs import Parts

_FRONT = {"serial": "serial", "replay": "serial", "logs": "pods", "build": "builds", "traces": "traces"}


def run(options: argparse.Namespace) -> int:
    """Open the screen as the command line says; returns the exit status."""
    if options.command == "demo":
        return demo(options)
    try:
        config = load()
        try:
            config = replace(config, keys=check(config.keys))
        except KeymapError as error:
            raise ConfigError(f"{config_dir() / 'config.toml'}: {error}") from None
        memory = Memory()
        parts = parts_for(options, config, memory)
    except ConfigError as error:
        print(f"opsterm: {error}", file=sys.stderr)  # noqa: T201  before there is a screen
        return 2
    front = _FRONT.get(options.command or "", memory.get("tab", ""))
    return show(parts, config, memory, front=front)


def demo(options: argparse.Namespace) -> int:
    """Open the screen on stand-ins, with a memory that ends with the demo."""
    import tempfile  # noqa: PLC0415  what only some ways need is imported there: the first paint waits for the rest

    from opsterm.tui.demo.program import Demo  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="opsterm-demo-") as folder, Demo() as stand_ins:
        return show(stand_ins.parts(options), Config(), Memory(Path(folder)), demo=True)


def show(parts: Parts, config: Config, memory: Memory, *, front: str = "serial", demo: bool = False) -> int:
    """Run the app until it ends; returns the exit status."""
    if not config.theme and "theme" not in memory:
        memory["theme"] = "textual-light" if is_light() else "textual-dark"
        memory.save()  # asking takes a moment, so it is done once
    read_only = parts.options.read_only
    return run_app(
        OpsTerm(parts.tabs(), parts.screens(), config, memory, front=front, demo=demo, read_only=read_only)
    )


def run_app(app: OpsTerm) -> int:
    """Run the app until it ends; returns the exit status, and says where to read more after a crash."""
    app.run()
    code = app.return_code or 0
    if code == 1:
        crash_hint(app.log_path)
    return code


def parts_for(options: argparse.Namespace, config: Config, memory: Memory) -> Parts:
    """What the command line asks for. Raises ConfigError for settings of a port that cannot be."""
    defaults = serial_defaults(config)
    opening = None
    if options.command == "serial":
        from opsterm.screens.opening import Opening  # noqa: PLC0415
        from opsterm.services.serial.capture_file import Rotation  # noqa: PLC0415
        from opsterm.services.serial.choose import settings_for  # noqa: PLC0415
        from opsterm.services.serial.errors import SerialError  # noqa: PLC0415

        ports, given = memory.get("ports", {}), serial_given(options)
        other = options.bridge or options.split
        try:
            opening = Opening(
                settings_for(options.port, ports, defaults, given),
                settings_for(other, ports, defaults, given) if other else None,
                options.bridge is not None,
                options.capture or "",
                Rotation.parse(options.rotate) if options.rotate else Rotation(),
            )
        except SerialError as error:
            raise ConfigError(str(error)) from None
    folder = Path(getattr(options, "folder", ".")).resolve()
    parts = Parts(options, opening, config.serial, folder, config.traces)
    if options.command == "replay":
        from opsterm.services.serial.errors import SerialError  # noqa: PLC0415
        from opsterm.services.serial.replay import ReplayService, parse_speed  # noqa: PLC0415

        try:
            speed = parse_speed(options.speed)
        except SerialError as error:
            raise ConfigError(str(error)) from None
        parts.serial = lambda: ReplayService(options.file, speed)
    return parts
