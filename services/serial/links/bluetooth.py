"""A Bluetooth device directly, over RFCOMM: no device file, nothing to bind before."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import re
import socket
import struct
import termios

from opsterm.services.serial.clock import Clock
from opsterm.services.serial.errors import BadSettingError, NotAllowedError, SerialError, UnsupportedError
from opsterm.services.serial.links.base import Received, Sent
from opsterm.services.serial.links.sockets import SocketLink, connect
from opsterm.services.serial.settings import Settings

_CONNECT_SECONDS = 20.0
"""Longer than a page time-out of Bluetooth (5 s) and the authentication after it."""
_URL = re.compile(r"bt://((?:[0-9A-F]{2}:){5}[0-9A-F]{2})(?:/([0-9]{1,2}))?", re.IGNORECASE)
_CHANNELS = range(1, 31)


class BluetoothTarget:
    """`bt://AA:BB:CC:DD:EE:FF/CHANNEL`; without a channel it is 1, where most devices have their serial port.

    Raises BadSettingError where that is written wrongly, UnsupportedError where this Python cannot do it.
    """

    watched: tuple[str, ...] = ()
    moved = ""

    def __init__(self, port: str) -> None:
        self.device = port
        parts = _URL.fullmatch(port)
        if parts is None or int(parts[2] or 1) not in _CHANNELS:
            raise BadSettingError(f"Invalid address '{port}'.", "Write bt://AA:BB:CC:DD:EE:FF, maybe with /CHANNEL.")
        self._address = parts[1].upper()
        self._channel = int(parts[2] or 1)
        if not hasattr(socket, "AF_BLUETOOTH"):
            raise UnsupportedError(
                "This Python has no Bluetooth sockets (AF_BLUETOOTH).",
                f"Use the system's, or: sudo rfcomm connect 0 {self._address}, and open /dev/rfcomm0.",
            )

    async def open(self, settings: Settings, received: Received, sent: Sent, clock: Clock) -> RfcommLink:  # noqa: ARG002
        """Connect to the device. Raises SerialError."""
        try:
            unconnected = socket.socket(socket.AF_BLUETOOTH, socket.SOCK_STREAM, socket.BTPROTO_RFCOMM)
            async with asyncio.timeout(_CONNECT_SECONDS):
                connected = await connect(unconnected, (self._address, self._channel))
        except (OSError, TimeoutError) as error:
            raise self._explain(error) from error
        return await RfcommLink.over(connected, self._address, received, sent, clock)

    def _explain(self, error: OSError) -> SerialError:
        where = self._address
        match error.errno:
            case errno.EAFNOSUPPORT | errno.EPROTONOSUPPORT:
                return UnsupportedError("The system has no Bluetooth (RFCOMM).", "Load its kernel module: rfcomm.")
            case errno.ENODEV | errno.EHOSTUNREACH | errno.ENETUNREACH | errno.ENETDOWN:
                return SerialError("No Bluetooth adapter is switched on.", "Try: bluetoothctl power on.")
            case errno.ECONNREFUSED:
                return SerialError(f"{where} has no serial port on channel {self._channel}.", "Ask: sdptool browse.")
            case errno.EACCES | errno.EPERM:
                return NotAllowedError(f"{where} does not let this computer in.", f"Try: bluetoothctl pair {where}.")
            case errno.EHOSTDOWN | errno.ETIMEDOUT | None:
                return SerialError(f"No answer from {where}.", "Is the device switched on and in reach?")
        return SerialError(f"Cannot connect to {where}: {os.strerror(error.errno or 0)}.")


class RfcommLink(SocketLink):
    """An RFCOMM socket that is connected."""

    def unacknowledged(self) -> int:
        """Bytes that wait to be sent: the kernel answers TIOCOUTQ with the room that is left, not with these."""
        room = struct.unpack("i", fcntl.ioctl(self.reading.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
        return self.reading.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - int(room)
