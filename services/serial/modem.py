"""The lines beside the data: DTR and RTS are ours to set, CTS, DSR, CD and RI are read."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.threads import in_thread

OUTPUTS = ("dtr", "rts")


@dataclass(frozen=True, slots=True)
class ModemLines:
    """Which lines are on."""

    dtr: bool
    rts: bool
    cts: bool
    dsr: bool
    cd: bool
    ri: bool


class Modem(Protocol):
    """The lines of an open port. Every call may block: use a thread."""

    def read(self) -> ModemLines | None:
        """How they are, None where the device has none. Raises OSError when it is gone."""

    def set(self, name: str, on: bool) -> None:
        """Switch `dtr` or `rts`. Raises OSError, with ENOTTY or EINVAL where the device has no such line."""

    def hold_break(self, seconds: float) -> None:
        """Send BREAK for so long. Raises OSError."""


def check_output(name: str) -> None:
    """Raises BadSettingError where `name` is none of the lines that are ours to set."""
    if name not in OUTPUTS:
        raise BadSettingError(f"Invalid line '{name}': dtr or rts.")


async def use_modem(modem: Modem | None, port: str, what: str, use: Callable[[Modem], None]) -> None:
    """Have `use` do with the lines of `port`, in a thread, what `what` names. Raises SerialError."""
    if modem is None:
        raise SerialError(f"{port} does not support {what}.")
    try:
        await in_thread(lambda: use(modem), what)
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EINVAL):
            raise SerialError(f"{port} does not support {what}.") from error
        raise SerialError(f"Cannot set {what} of {port}: {error.strerror or error}.") from error
