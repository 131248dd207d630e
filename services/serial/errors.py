"""What can be wrong with a serial port, in the words that the user sees."""

from __future__ import annotations

from opsterm.services.text import clean


class SerialError(Exception):
    """A port that does not work; `reason` says what failed and why, `hint` what to do next. Both are safe text."""

    def __init__(self, reason: str, hint: str = "") -> None:
        self.reason = clean(reason)
        self.hint = clean(hint)
        super().__init__(f"{self.reason} {self.hint}".rstrip())


class NoSuchPortError(SerialError):
    """Nothing is there under that name, or not now."""


class NotAllowedError(SerialError):
    """The device file does not let this user in."""


class BusyError(SerialError):
    """Somebody else has locked the port."""


class NotASerialPortError(SerialError):
    """There is something under that name, and it is no serial port."""


class DisconnectedError(SerialError):
    """The device went away while the port was open."""


class UnsupportedError(SerialError):
    """A kind of connection that this system, or this version, cannot make."""


class BadSettingError(SerialError, ValueError):
    """A setting that no port can have, or that this one refuses."""
