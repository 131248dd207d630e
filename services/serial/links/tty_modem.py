"""The lines of a device, as the driver has them."""

from __future__ import annotations

import errno
import fcntl
import struct
import termios
import time

from opsterm.services.serial.device import SerialPort
from opsterm.services.serial.modem import ModemLines

_NONE = (errno.ENOTTY, errno.EINVAL)


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
