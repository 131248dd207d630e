"""The command line: what to open, with or without the screen, and what the program's exit status means."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from enum import IntEnum

from opsterm.tui import __version__


class Exit(IntEnum):
    """Exit statuses, the same everywhere."""

    GOOD = 0
    CHECK_FAILED = 1
    USAGE = 2
    BUILD_FAILED = 3
    NOT_REACHED = 4
    INTERRUPTED = 130


_EPILOG = """exit status: 0 good, 1 a check failed, 2 usage, 3 build failed, 4 device, cluster or engine not reached,
130 ended by ctrl+c or a closed pipe"""


def parser() -> argparse.ArgumentParser:
    """Everything the command line takes."""
    top = argparse.ArgumentParser(
        prog="opsterm",
        description="Serial and Bluetooth lines, Kubernetes pods and logs, Docker builds: one terminal program.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"opsterm {__version__}")
    top.add_argument("--read-only", action="store_true", help="refuse everything that changes a cluster")
    top.add_argument("--context", metavar="NAME", help="kubeconfig context to begin with")
    top.add_argument("-n", "--namespace", metavar="NAME", help="namespace to begin with")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    serial = commands.add_parser("serial", help="open a serial or Bluetooth port")
    serial.add_argument(
        "port",
        help="a device (/dev/ttyUSB0, usb:VID:PID[:SERIAL], auto:new, auto:latest), socket://HOST:PORT, "
        "rfc2217://HOST:PORT, unix:/PATH or bt://ADDRESS[/CHANNEL]",
    )
    serial.add_argument("baud", nargs="?", help="baud rate (default: the last of this port, else 115200)")
    serial.add_argument("--ending", choices=("crlf", "lf", "cr", "none"), help="sent after each line (default: crlf)")
    serial.add_argument("--encoding", metavar="NAME", help="text encoding (default: utf-8)")
    serial.add_argument(
        "--framing", metavar="HOW", help="auto, lf, crlf, cr, nul, byte:C0, len:8 or idle:20ms (default: auto)"
    )
    serial.add_argument("--data-bits", type=int, choices=(5, 6, 7, 8), help="default: 8")
    serial.add_argument("--parity", choices=("N", "E", "O", "M", "S"), help="default: N")
    serial.add_argument("--stop-bits", type=float, choices=(1, 1.5, 2), help="default: 1")
    serial.add_argument("--flow", choices=("none", "rts/cts", "xon/xoff"), help="flow control (default: none)")
    serial.add_argument("--dtr", choices=("on", "off"), help="the DTR line from the moment of opening (default: on)")
    serial.add_argument("--rts", choices=("on", "off"), help="the RTS line from the moment of opening (default: on)")
    serial.add_argument(
        "--no-reset",
        action="store_true",
        help="DTR and RTS off, also when it closes: no board resets by them",
    )
    two = serial.add_mutually_exclusive_group()
    two.add_argument("--split", metavar="PORT", help="open another port beside it, on one time axis")
    two.add_argument("--bridge", metavar="PORT", help="join another port with it, and see both directions")
    serial.add_argument(
        "--script", metavar="FILE", help="with --plain: wait and send as this TOML file says, then end"
    )
    serial.add_argument("--capture", metavar="FILE", help="write what passes to .txt, .jsonl or .bin (raw bytes)")
    serial.add_argument("--rotate", metavar="WHEN", help="with --capture: a new file each day, or at a size like 10M")
    _plain(serial, "print lines, send the lines of standard input")

    replay = commands.add_parser("replay", help="play a capture (.txt or .jsonl) again")
    replay.add_argument("file", help="what --capture wrote")
    replay.add_argument("--speed", default="1", metavar="N", help="times as fast as it was, or max (default: 1)")
    replay.add_argument("--plain", action="store_true", help="without the screen: print lines")

    logs = commands.add_parser("logs", help="follow the logs of a pod, or of all pods that match a label selector")
    logs.add_argument("pod", nargs="?", help="name of a pod")
    logs.add_argument("-l", "--selector", metavar="SELECTOR", help="label selector, such as app=web")
    logs.add_argument("-c", "--container", metavar="NAME", help="this container only")
    logs.add_argument("--context", metavar="NAME", default=argparse.SUPPRESS, help="kubeconfig context")
    logs.add_argument("-n", "--namespace", metavar="NAME", default=argparse.SUPPRESS, help="namespace")
    _plain(logs, "print lines")

    build = commands.add_parser("build", help="compare the Dockerfiles of a folder: cold, unchanged, source touched")
    build.add_argument("folder", nargs="?", default=".", help="the project (default: here)")
    build.add_argument("--json", metavar="FILE", help="write the results; implies --plain")
    build.add_argument("--plain", action="store_true", help="without the screen: print the table")

    traces = commands.add_parser("traces", help="listen for what a program reports by Sentry's protocol, and show it")
    traces.add_argument("--port", type=_port, metavar="PORT", help="on this machine (default: 8969)")

    commands.add_parser("demo", help="open everything on stand-ins; touches nothing of yours")
    commands.add_parser("doctor", help="check terminal, ports, cluster and engine, and say what to do")
    return top


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"'{text}' is no port: 1 to 65535")
    return int(text)


def _plain(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("--plain", action="store_true", help=f"without the screen: {what}")
    command.add_argument("--wait", action="store_true", help="with --plain: wait for what is not there yet")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run opsterm; returns the exit status."""
    options = parser().parse_args(arguments)
    if options.command == "logs" and (options.pod is None) is (options.selector is None):
        return _usage("logs takes the name of a pod or a selector (-l app=web).")
    plain = getattr(options, "plain", False) or bool(getattr(options, "json", None))
    screen = sys.stdin.isatty() and sys.stdout.isatty()
    if options.command == "doctor":
        from opsterm.tui.doctor import run as doctor  # noqa: PLC0415  each way is imported when it is taken

        return doctor()
    if not plain and not screen:
        if options.command in (None, "demo", "traces"):
            return _usage("the screen needs a terminal. Without one: opsterm serial|logs|build … --plain.")
        plain = True
    if getattr(options, "script", None) and not plain:
        return _usage("--script needs --plain.")
    for option in ("split", "bridge"):
        if getattr(options, option, None) and plain:
            return _usage(f"--{option} needs the screen.")
    if not plain and os.environ.get("TERM", "") in ("", "dumb"):
        return _usage("this terminal cannot draw (TERM is empty or dumb). Try --plain.")
    try:
        if plain:
            from opsterm.tui.plain import run as run_plain  # noqa: PLC0415

            return run_plain(options)
        from opsterm.tui.launch import run as run_screen  # noqa: PLC0415

        return run_screen(options)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _usage(text: str) -> int:
    print(f"opsterm: {text}", file=sys.stderr)  # noqa: T201  the answer to a wrong call
    return Exit.USAGE


if __name__ == "__main__":
    sys.exit(main())
