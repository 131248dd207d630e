"""A Bluetooth device directly, over RFCOMM: no device file, nothing to bind before."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket

from opsterm.services.serial.clock import Clock
from opsterm.services.serial.errors import BadSettingError, NotAllowedError, SerialError, UnsupportedError
from opsterm.services.serial.links.base import Received, Sent
from opsterm.services.serial.links.bluez import DEVICE, Bluez, BluezError, Objects, adapters, explain, not_paired
from opsterm.services.serial.links.bluez_profile import SERIAL_PORT, call_device
from opsterm.services.serial.links.rfcomm import RfcommLink, connect_rfcomm
from opsterm.services.serial.links.uuids import full_uuid
from opsterm.services.serial.settings import Settings

_CONNECT_SECONDS = 20.0
"""Longer than a page time-out of Bluetooth (5 s) and the authentication after it."""
_URL = re.compile(r"bt://((?:[0-9A-F]{2}:){5}[0-9A-F]{2})(?:/([0-9A-FX-]+))?", re.IGNORECASE)
_CHANNELS = range(1, 31)


class BluetoothTarget:
    """`bt://AA:BB:CC:DD:EE:FF`, where BlueZ looks for the serial port, or for another service: `/UUID` behind it.

    With `/CHANNEL` (1 to 30) instead nothing is looked for, and no BlueZ is needed. Raises BadSettingError where that
    is written wrongly.
    """

    watched: tuple[str, ...] = ()
    moved = ""
    waiting = ""

    def __init__(self, port: str) -> None:
        self.device = port
        parts = _URL.fullmatch(port)
        what = (parts[2] or "") if parts else ""
        self._channel = int(what) if what.isdecimal() and len(what) <= 2 else 0
        self._service = full_uuid(what) if what else SERIAL_PORT
        if parts is None or not (self._service or self._channel in _CHANNELS):
            raise BadSettingError(
                f"Invalid address '{port}'.", "Write bt://AA:BB:CC:DD:EE:FF, maybe with /CHANNEL or /UUID."
            )
        self._address = parts[1].upper()

    async def open(self, settings: Settings, received: Received, sent: Sent, clock: Clock) -> RfcommLink:  # noqa: ARG002
        """Connect to the device. Raises SerialError."""
        connected = await (self._connect() if self._channel else self._find())
        return await RfcommLink.over(connected, self._address, received, sent, clock)

    async def _connect(self) -> socket.socket:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await connect_rfcomm(self._address, self._channel)
        except (OSError, TimeoutError) as error:
            raise self._explain(error) from error

    async def _find(self) -> socket.socket:
        bluez = await Bluez.connect()
        try:
            device = find_device(await bluez.objects(), self._address)
            return socket.socket(fileno=await call_device(bluez, device, self._service))
        except BluezError as error:
            raise explain(error, self._address) from error
        finally:
            await bluez.close()

    def _explain(self, error: OSError) -> SerialError:
        where = self._address
        match error.errno:
            case errno.EAFNOSUPPORT | errno.EPROTONOSUPPORT:
                return UnsupportedError("The system has no Bluetooth (RFCOMM).", "Load its kernel module: rfcomm.")
            case errno.ENODEV | errno.EHOSTUNREACH | errno.ENETUNREACH | errno.ENETDOWN:
                return SerialError("No Bluetooth adapter is switched on.", "Try: bluetoothctl power on.")
            case errno.ECONNREFUSED:
                return SerialError(f"{where} has no serial port on channel {self._channel}.", f"Try bt://{where}.")
            case errno.EACCES | errno.EPERM:
                return NotAllowedError(f"{where} does not let this computer in.", f"Try: bluetoothctl pair {where}.")
            case errno.EHOSTDOWN | errno.ETIMEDOUT | None:
                return SerialError(f"No answer from {where}.", "Is the device switched on and in reach?")
        return SerialError(f"Cannot connect to {where}: {os.strerror(error.errno or 0)}.")


def find_device(objects: Objects, address: str) -> str:
    """The path of the device with that address, on an adapter that is on. Raises SerialError."""
    on = adapters(objects)
    known = {
        path: properties
        for path, interfaces in objects.items()
        if (properties := interfaces.get(DEVICE)) and properties.get("Address") == address
    }
    here = [path for path, properties in known.items() if properties.get("Adapter") in on]
    if not here:
        raise not_paired(address)
    return max(here, key=lambda path: bool(known[path].get("Paired")))
