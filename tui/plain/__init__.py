"""The services without the screen: lines on standard output."""

from __future__ import annotations

import argparse


def run(options: argparse.Namespace) -> int:
    """Do what the command line says without the screen; returns the exit status."""
    # Each way is imported when it is taken: they have nothing in common, and each takes its time.
    match options.command:
        case "serial":
            from opsterm.tui.plain import serial  # noqa: PLC0415

            return serial.main(options)
        case "logs":
            from opsterm.tui.plain import logs  # noqa: PLC0415

            return logs.main(options)
        case "replay":
            from opsterm.tui.plain import replay  # noqa: PLC0415

            return replay.main(options)
        case _:
            from opsterm.tui.plain import build  # noqa: PLC0415

            return build.main(options)
