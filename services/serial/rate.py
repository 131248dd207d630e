"""The baud rate that a driver really uses: it rounds to what its clock can be divided to."""

from __future__ import annotations

import array
import fcntl
import sys

from opsterm.services.serial.device import SerialPort

_TCGETS2 = 0x802C542A
"""From <asm-generic/ioctls.h>; `struct termios2` ends with the input and the output speed."""
_OUTPUT_SPEED = 10
_OFF = 0.02
"""More than this part off, and characters begin to be misread at one of the two ends."""


def actual_baud(port: SerialPort) -> int:
    """Bits per second in force for `port`, 0 where that is not told. May block as any driver may."""
    if sys.platform != "linux":
        return 0
    about = array.array("i", [0] * 64)
    try:
        fcntl.ioctl(port.fileno(), _TCGETS2, about)
    except OSError:
        return 0
    return about[_OUTPUT_SPEED]


def rounding(wanted: int, actual: int) -> str:
    """What to say where `actual` is too far from `wanted`, empty where it is near enough or not known."""
    off = abs(actual - wanted) / wanted
    if not actual or off <= _OFF:
        return ""
    return f"The driver uses {actual} instead of {wanted} ({off * 100:.1f} % off)."
