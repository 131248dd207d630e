"""From what the system says to what the user reads."""

from __future__ import annotations

import errno
import os
import stat
import termios

from opsterm.services.serial.access import owners, remedy
from opsterm.services.serial.errors import (
    BadSettingError,
    BusyError,
    DisconnectedError,
    NoSuchPortError,
    NotAllowedError,
    NotASerialPortError,
    SerialError,
)
from opsterm.services.serial.holders import find_holders
from opsterm.services.serial.ports import scan_ports

WAITING = "Waiting for it."
_GONE = (errno.EIO, errno.ENXIO, errno.ENODEV, errno.EPIPE, errno.ECONNRESET)
_KINDS = (
    (stat.S_ISREG, "regular file"),
    (stat.S_ISDIR, "folder"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISBLK, "block device"),
)


def explain(error: Exception, port: str) -> SerialError:
    """What `error` means for `port`, an error of the system or of pySerial while it was opened or used.

    May list the ports and walk /proc, so it belongs in a thread.
    """
    if isinstance(error, SerialError):
        return error
    number = _number(error)
    if number in (errno.ENOENT, errno.ENOTDIR):
        return _no_such_port(port)
    if number in (errno.EACCES, errno.EPERM):
        who = owners(port)
        return NotAllowedError(f"Permission denied: {port}{f' ({who})' if who else ''}.", remedy(port))
    if number in (errno.EAGAIN, errno.EBUSY):
        holder = find_holders([port]).get(port)
        return BusyError(f"Port busy: {port} is {holder or 'locked by another program'}.", "Close it there.")
    if number in (errno.ENOTTY, errno.EISDIR):
        return NotASerialPortError(f"{port} is not a serial port ({_kind(port)}).")
    if number in _GONE:
        return DisconnectedError(f"Device disconnected ({port}).", WAITING)
    if number is None and isinstance(error, ValueError | OverflowError):
        return BadSettingError(f"Cannot open {port}: {error}.")
    if number == errno.EINVAL:
        return BadSettingError(f"The driver of {port} refuses these settings.", "Try another baud rate or frame.")
    reason = os.strerror(number) if number else str(error)
    return SerialError(f"Cannot open {port}: {reason}.")


def _no_such_port(port: str) -> NoSuchPortError:
    if os.path.islink(port):
        target = os.path.realpath(port)
        return NoSuchPortError(f"{port} is a link to {target}, which is not there (unplugged?).", WAITING)
    names = [f"{found.device} ({found.description})" if found.description else found.device for found in scan_ports()]
    there = f"Available: {', '.join(names)}." if names else "No serial ports found."
    return NoSuchPortError(f"No such port: {port}. {there}", WAITING)


def _number(error: BaseException) -> int | None:
    """The errno behind `error`; pySerial keeps some only in the exception that it was handling."""
    if isinstance(error, termios.error):
        return int(error.args[0])
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    return _number(error.__context__) if error.__context__ is not None else None


def _kind(path: str) -> str:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return "not there"
    return next((name for test, name in _KINDS if test(mode)), "no terminal")
