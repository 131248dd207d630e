"""Opening, tuning and closing a port. Everything here may block: call it in a thread."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import stat
import struct
import termios
import time
from contextlib import suppress
from typing import TypeAlias

import serial

from opsterm.services.serial.errors import NotASerialPortError
from opsterm.services.serial.explain import explain
from opsterm.services.serial.settings import Settings
from opsterm.services.serial.uucp import lock, unlock

SerialPort: TypeAlias = serial.Serial

_DRAIN_SECONDS = 0.4
_POLL_SECONDS = 0.02
_FAILURES = (OSError, ValueError, OverflowError, termios.error)


def open_port(settings: Settings) -> SerialPort:
    """The port, open, locked for us alone and ready for non-blocking use. Raises SerialError."""
    is_url = _is_url(settings.port)
    if not is_url:
        lock(settings.port)
    try:
        return _open(settings, is_url)
    except BaseException:
        unlock(settings.port)
        raise


def _open(settings: Settings, is_url: bool) -> SerialPort:
    try:
        if not is_url and not stat.S_ISCHR(os.stat(settings.port).st_mode):
            raise OSError(errno.ENOTTY, "no terminal")  # before it is opened: opening a pipe could block
        port = serial.serial_for_url(settings.port, do_not_open=True, exclusive=True, timeout=0)
        port.apply_settings(parameters(settings))
        port.dtr, port.rts = settings.dtr, settings.rts  # taken when it is opened
        port.open()
    except _FAILURES as error:
        raise explain(error, settings.port) from error
    try:
        fd = port.fileno()
        if not is_url:
            fcntl.ioctl(fd, termios.TIOCEXCL)
            _make_raw(fd, settings.hang_up)
    except io.UnsupportedOperation as error:
        port.close()
        raise NotASerialPortError(f"{settings.port} is not supported: it has no file descriptor.") from error
    except _FAILURES as error:
        port.close()
        raise explain(error, settings.port) from error
    return port


def tune_port(port: SerialPort, settings: Settings) -> None:
    """Give an open port other settings. Raises SerialError, and then the old ones still hold."""
    before = port.get_settings()
    try:
        port.apply_settings({**before, **parameters(settings)})
        if not _is_url(settings.port):
            _make_raw(port.fileno(), settings.hang_up)
    except _FAILURES as error:
        try:
            port.apply_settings(before)
        except _FAILURES as again:
            raise explain(again, settings.port) from again
        raise explain(error, settings.port) from error


def close_port(port: SerialPort) -> None:
    """Close it: what the driver still holds has a moment to leave, the rest is dropped.

    Without that the kernel itself would wait in `close`, up to 30 s where the other side does not take anything.
    """
    try:
        deadline = time.monotonic() + _DRAIN_SECONDS
        while _unsent(port.fileno()):
            if time.monotonic() > deadline:
                termios.tcflush(port.fileno(), termios.TCOFLUSH)
                break
            time.sleep(_POLL_SECONDS)
        fcntl.ioctl(port.fileno(), termios.TIOCNXCL)
    except _FAILURES:
        pass  # the device is gone, or it is no terminal
    with suppress(*_FAILURES):
        port.close()
    unlock(str(port.port))


def _is_url(port: str) -> bool:
    return "://" in port


def parameters(settings: Settings) -> dict[str, object]:
    """`settings` in pySerial's words, for `apply_settings`."""
    return {
        "baudrate": settings.baud,
        "bytesize": settings.data_bits,
        "parity": settings.parity,
        "stopbits": settings.stop_bits,
        "rtscts": settings.flow == "rts/cts",
        "xonxoff": settings.flow == "xon/xoff",
    }


def _make_raw(fd: int, hang_up: bool) -> None:
    """Set what pySerial has no word for: whether closing drops DTR and RTS.

    Also take out what pySerial leaves from an earlier user, and have an empty read mean the end and nothing else."""
    attributes = termios.tcgetattr(fd)
    attributes[0] &= ~(termios.IGNPAR | termios.BRKINT)
    attributes[1] &= ~getattr(termios, "TAB3", 0)
    attributes[2] = attributes[2] | termios.HUPCL if hang_up else attributes[2] & ~termios.HUPCL
    attributes[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


def _unsent(fd: int) -> int:
    """Bytes that the driver has taken and not sent."""
    return int(struct.unpack("i", fcntl.ioctl(fd, termios.TIOCOUTQ, b"\0" * 4))[0])
