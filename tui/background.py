"""Asking the terminal whether its background is light, once, before the program draws on it."""

from __future__ import annotations

import os
import re
import select
import sys
import time

_ASK = b"\x1b]11;?\x1b\\\x1b[c"
"""OSC 11 asks for the background (xterm's control sequences); DA1 behind it is answered by every terminal, so that
a terminal that does not know the first costs no waiting."""
_COLOUR = re.compile(rb"\x1b\]11;rgb:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
_DONE = re.compile(rb"\x1b\[\?[\d;]*c")


def is_light(seconds: float = 0.15) -> bool | None:
    """Whether the background is light; None where the terminal does not say within `seconds`."""
    try:
        import termios  # noqa: PLC0415  not there on Windows
        import tty  # noqa: PLC0415
    except ImportError:
        return None
    fd = sys.stdin.fileno()
    try:
        before = termios.tcgetattr(fd)
    except termios.error:
        return None
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        os.write(sys.stdout.fileno(), _ASK)
        answer = b""
        deadline = time.monotonic() + seconds
        while not _DONE.search(answer):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                break
            answer += os.read(fd, 1024)
    except OSError:
        return None
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)
    return light_in(answer)


def light_in(answer: bytes) -> bool | None:
    """Whether the colour in a terminal's answer is light; None where there is none in it."""
    found = _COLOUR.search(answer)
    if not found:
        return None
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    luminance: float = 0.2126 * red + 0.7152 * green + 0.0722 * blue  # relative weights of ITU-R BT.709
    return luminance > 0.5
