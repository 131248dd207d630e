"""The lines beside the data: DTR and RTS are ours to set, CTS, DSR, CD and RI are read, and faults are counted."""

from __future__ import annotations

import errno
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.serial.settings import Settings
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


@dataclass(frozen=True, slots=True)
class LineErrors:
    """How often the driver has seen a fault on the wire, since it was loaded or the device plugged in.

    `overrun` counts what the device itself lost, `buffer_overrun` what the kernel did; `breaks` is no fault.
    """

    framing: int
    parity: int
    overrun: int
    breaks: int
    buffer_overrun: int


class Modem(Protocol):
    """The lines of an open port. Every call may block: use a thread."""

    def read(self) -> ModemLines | None:
        """How they are, None where the device has none. Raises OSError when it is gone."""

    def set(self, name: str, on: bool) -> None:
        """Switch `dtr` or `rts`. Raises OSError, with ENOTTY or EINVAL where the device has no such line."""

    def hold_break(self, seconds: float) -> None:
        """Send BREAK for so long. Raises OSError."""


@runtime_checkable
class LocalModem(Modem, Protocol):
    """What only a driver on this machine can do besides. Every call may block: use a thread."""

    def errors(self) -> LineErrors | None:
        """What it has counted, None where it does not count. Raises OSError when the device is gone."""

    def drop_output(self, wake: bool) -> None:
        """Throw away what the kernel has taken and not sent; `wake` whoever waits to write more. Raises OSError."""


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


class HasModem(ABC):
    """The part of a service that is about the lines beside the data of its port."""

    settings: Settings | None

    @property
    @abstractmethod
    def _modem(self) -> Modem | None:
        """The lines of the open port, None where it has none or none is open."""

    @property
    @abstractmethod
    def _is_open(self) -> bool: ...

    @abstractmethod
    def _set_settings(self, settings: Settings) -> None:
        """Remember the lines for the next opening, and tell."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Say what happened, among the lines."""

    async def read_lines(self) -> ModemLines | None:
        """The lines beside the data as they are now; None where the port has none, or is not open."""
        modem = self._modem
        if modem is None:
            return None
        try:
            return await in_thread(modem.read, "read the lines")
        except OSError:
            return None  # it went meanwhile, and the status says so

    async def line_errors(self) -> LineErrors | None:
        """The faults that the driver has counted; None where none counts, or the port is not open."""
        modem = self._modem
        if not isinstance(modem, LocalModem):
            return None
        try:
            return await in_thread(modem.errors, "read the counters")
        except OSError:
            return None  # it went meanwhile, and the status says so

    async def set_line(self, name: str, on: bool) -> None:
        """Switch `dtr` or `rts`, now and whenever the port is opened again. Raises SerialError."""
        check_output(name)
        await self._use_modem(name.upper(), lambda modem: modem.set(name, on))
        if self.settings is not None:
            self._set_settings(replace(self.settings, **{name: on}))  # type: ignore[arg-type]  # mypy sees any field
        self.note(f"{name.upper()} {'on' if on else 'off'}")

    async def pulse(self, name: str, seconds: float = 0.1) -> None:
        """Switch `dtr` or `rts` to the other way and, after `seconds`, back. Raises SerialError."""
        check_output(name)
        usual = getattr(self.settings, name, True)

        def switch(modem: Modem) -> None:
            modem.set(name, not usual)
            time.sleep(seconds)
            modem.set(name, usual)

        await self._use_modem(name.upper(), switch)
        self.note(f"{name.upper()} {'off' if usual else 'on'} for {seconds * 1000:.0f} ms")

    async def send_break(self, seconds: float = 0.25) -> None:
        """Send BREAK for so long. Raises SerialError."""
        await self._use_modem("BREAK", lambda modem: modem.hold_break(seconds))
        self.note(f"BREAK {seconds * 1000:.0f} ms")

    async def _use_modem(self, what: str, use: Callable[[Modem], None]) -> None:
        if not self._is_open or self.settings is None:
            raise SerialError("Not possible while no port is open.")
        await use_modem(self._modem, self.settings.port, what, use)
