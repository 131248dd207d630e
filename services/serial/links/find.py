"""The device behind a name that holds wherever it is plugged in, looked for again each time it is opened."""

from __future__ import annotations

import os
import re

from opsterm.services.serial.errors import BadSettingError, NoSuchPortError
from opsterm.services.serial.explain import WAITING
from opsterm.services.serial.ports import ANY_PORT, Presence, present_ports

_USB = re.compile(r"usb:([0-9a-f]{4}):([0-9a-f]{4})(:.+)?", re.IGNORECASE)


class Finder:
    """Finds the device that a port names, and the same adapter again where its path is gone.

    `usb:VID:PID` and `usb:VID:PID:SERIAL` name an adapter, `auto:new` the next port that appears, `auto:latest` the
    one that appeared last, anything else is a path. `find` and `opened` look at /sys: call them in a thread.
    Raises BadSettingError where a name is written wrongly.
    """

    def __init__(self, port: str) -> None:
        self._port = port
        self._usb = _usb_id(port) if port.startswith("usb:") else ""
        self._auto = port.startswith("auto:")
        if self._auto and port not in ("auto:new", "auto:latest"):
            raise BadSettingError(f"Invalid name '{port}'.", "Write auto:new or auto:latest.")
        self._is_path = not self._usb and not self._auto
        self._old: set[tuple[int, int]] | None = None if port == "auto:new" else set()
        self._last = ""  # where it was open
        self._known: Presence | None = None
        self.moved = ""

    @property
    def watched(self) -> tuple[str, ...]:
        """Paths where a change can lead to another device."""
        return (self._port, ANY_PORT) if self._is_path else (ANY_PORT,)

    def find(self) -> str:
        """The path of the device now. Raises NoSuchPortError where a name other than a path has none."""
        if self._is_path and (os.path.exists(self._port) or self._known is None):
            return self._port
        there = present_ports()
        if self._old is None:
            self._old = {port.made for port in there}  # from the first look on a port counts as new
        device = self._pick(there)
        if device:
            return device
        if self._is_path:
            return self._port
        raise self._missing(there)

    def opened(self, device: str) -> None:
        """`device` is open: remember what it is, and tell in `moved` where that is, if not where it was."""
        there = present_ports()
        real = os.path.realpath(device)
        before = self._known
        self._known = next((port for port in there if os.path.realpath(port.device) == real), None)
        same = before and self._known and before.id == self._known.id and before.serial_number
        self.moved = ""
        if self._last and device != self._last:
            self.moved = f"as {device}{f' (same serial {same})' if same else ''}"
        self._last = device
        if self._auto:
            self._old = {port.made for port in there if port.device != device}

    def _pick(self, there: list[Presence]) -> str:
        """The device among `there`, empty when it is not: the adapter itself before any other that would do."""
        known = self._known
        if known is not None and known.serial_number:
            for port in there:
                if (port.id, port.interface) == (known.id, known.interface):
                    return port.device
        if self._usb:
            return next((port.device for port in there if f"{port.id}:".startswith(f"{self._usb}:")), "")
        if self._auto:
            fresh = [port for port in there if port.made not in (self._old or ())]
            return max(fresh, key=lambda port: port.made[1]).device if fresh else ""
        return ""

    def _missing(self, there: list[Presence]) -> NoSuchPortError:
        if self._auto:
            return NoSuchPortError("No new port yet: plug the device in.", WAITING)
        names = ", ".join(f"{port.id} ({port.device})" for port in there if port.id)
        return NoSuchPortError(
            f"No such adapter: {self._usb}. {f'Available: {names}.' if names else 'No USB serial ports found.'}",
            WAITING,
        )


def _usb_id(port: str) -> str:
    parts = _USB.fullmatch(port)
    if parts is None:
        raise BadSettingError(
            f"Invalid name '{port}'.", "Write usb:VID:PID or usb:VID:PID:SERIAL, such as usb:0403:6001."
        )
    return f"usb:{parts[1].lower()}:{parts[2].lower()}{parts[3] or ''}"
