"""The lines of a device and its counters of faults, as the driver has them."""

from __future__ import annotations

import errno
import fcntl
import struct
import sys
import termios
import time

from opsterm.services.serial.device import SerialPort
from opsterm.services.serial.modem import LineErrors, ModemLines

_NONE = (errno.ENOTTY, errno.EINVAL)
_TIOCGICOUNT = 0x545D
"""From <asm-generic/ioctls.h>; Python's termios lacks it."""
_COUNTERS = struct.Struct("11i36x")
"""`struct serial_icounter_struct` of <linux/serial.h>: cts, dsr, rng, dcd, rx, tx, frame, overrun, parity, brk,
buf_overrun, and nine more that are reserved.
"""


class TtyModem:
    """The lines of `port`; see tty_ioctl(4)."""

    def __init__(self, port: SerialPort) -> None:
        self._port = port

    def read(self) -> ModemLines | None:
        """How they are, None where the device has none. Raises OSError when it is gone."""
        try:
            answer = fcntl.ioctl(self._port.fileno(), termios.TIOCMGET, b"\0" * 4)
        except OSError as error:
            if error.errno in _NONE:
                return None
            raise
        bits = struct.unpack("I", answer)[0]
        return ModemLines(
            bool(bits & termios.TIOCM_DTR),
            bool(bits & termios.TIOCM_RTS),
            bool(bits & termios.TIOCM_CTS),
            bool(bits & termios.TIOCM_DSR),
            bool(bits & termios.TIOCM_CAR),
            bool(bits & termios.TIOCM_RNG),
        )

    def set(self, name: str, on: bool) -> None:
        """Switch `dtr` or `rts`. Raises OSError, with ENOTTY or EINVAL where the device has no such line."""
        bit = termios.TIOCM_DTR if name == "dtr" else termios.TIOCM_RTS
        fcntl.ioctl(self._port.fileno(), termios.TIOCMBIS if on else termios.TIOCMBIC, struct.pack("I", bit))

    def hold_break(self, seconds: float) -> None:
        """Send BREAK for so long. Raises OSError."""
        self._port.break_condition = True
        time.sleep(seconds)
        self._port.break_condition = False

    def errors(self) -> LineErrors | None:
        """What the driver has counted, None where it does not count. Raises OSError when the device is gone."""
        if sys.platform != "linux":
            return None
        try:
            answer = fcntl.ioctl(self._port.fileno(), _TIOCGICOUNT, bytes(_COUNTERS.size))
        except OSError as error:
            if error.errno in _NONE:
                return None
            raise
        frame, overrun, parity, breaks, buffer_overrun = _COUNTERS.unpack(answer)[6:]
        return LineErrors(frame, parity, overrun, breaks, buffer_overrun)

    def drop_output(self, wake: bool) -> None:
        """Throw away what the kernel has taken and not sent; `wake` whoever waits to write more. Raises OSError."""
        fd = self._port.fileno()
        try:
            if wake:  # a flush alone does not tell the writer of a pty that there is room
                termios.tcflow(fd, termios.TCOOFF)
            termios.tcflush(fd, termios.TCOFLUSH)
            if wake:
                termios.tcflow(fd, termios.TCOON)
        except termios.error as error:
            raise OSError(*error.args) from error
