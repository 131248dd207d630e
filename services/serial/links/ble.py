"""A device of Bluetooth LE that has a serial port in GATT: Nordic's UART service, or any that is like it."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING
from urllib.parse import unquote

from opsterm.services.serial.clock import Clock
from opsterm.services.serial.errors import BadSettingError, NotAllowedError, SerialError, UnsupportedError
from opsterm.services.serial.links.base import Received, Sent
from opsterm.services.serial.links.ble_link import BleLink
from opsterm.services.serial.links.bluez import Bluez, BluezError, adapters, explain, no_power
from opsterm.services.serial.links.detached import detached
from opsterm.services.serial.links.uuids import NORDIC_UART, full_uuid
from opsterm.services.serial.settings import Settings
from opsterm.services.threads import in_thread

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

_SCAN_SECONDS = 10.0
_CONNECT_SECONDS = 20.0
_URL = re.compile(r"ble://([^?]+)(?:\?(.*))?")
_WRITABLE = ("write-without-response", "write")
_NOTIFYING = ("notify", "indicate")
_FAILURES = (OSError, EOFError, AssertionError)  # of the bus under bleak; a time-out is the first


class BleTarget:
    """`ble://NAME-OR-ADDRESS`, a device with Nordic's UART service (NUS), by its name in any case or its address.

    `?svc=UUID` names another service, also short (`ffe0`), and `&rx=UUID&tx=UUID` its two characteristics as the
    device sees them: rx where it receives, tx where it sends. Those not named are the first of the service that can
    be written, or that notify. Raises BadSettingError where that is written wrongly.
    """

    watched: tuple[str, ...] = ()
    moved = ""
    waiting = ""

    def __init__(self, port: str) -> None:
        self.device = port
        parts = _URL.fullmatch(port)
        options = dict(pair.partition("=")[::2] for pair in (parts[2] or "").split("&") if pair) if parts else {}
        uuids = {name: full_uuid(text) for name, text in options.items()}
        if parts is None or not all(uuids.values()) or not uuids.keys() <= {"svc", "rx", "tx"}:
            raise BadSettingError(
                f"Invalid address '{port}'.", "Write ble://NAME or ble://AA:BB:CC:DD:EE:FF, maybe with ?svc=UUID."
            )
        self._name = unquote(parts[1])
        self._service = uuids.get("svc", NORDIC_UART)
        self._rx = uuids.get("rx", "")
        self._tx = uuids.get("tx", "")

    async def open(self, settings: Settings, received: Received, sent: Sent, clock: Clock) -> BleLink:  # noqa: ARG002
        """Look for the device, connect, and have it notify. Raises SerialError."""
        try:
            await in_thread(_load, "load bleak")
        except ImportError:
            raise UnsupportedError("Bluetooth LE needs bleak.", "Run: pip install 'opsterm[ble]'.") from None
        from bleak.exc import BleakError  # noqa: PLC0415  loaded by the thread

        await _ready()
        try:
            found = await detached(self._find(), f"find {self._name}")
            async with asyncio.timeout(_CONNECT_SECONDS):
                opening = self._connect(found, received, sent, clock)
                return await detached(opening, f"open {self._name}", BleLink.close)
        except (BleakError, *_FAILURES) as error:
            raise self._explain(error) from error

    async def _find(self) -> BLEDevice:
        from bleak import BleakAdapter, BleakScanner  # noqa: PLC0415

        wanted = self._name.casefold()

        def matches(device: BLEDevice, seen: AdvertisementData | None = None) -> bool:
            name = (seen and seen.local_name) or device.name or ""
            return wanted in (device.address.casefold(), name.casefold())

        # A device that is connected does not advertise: a program that was killed leaves it so.
        adapter = await BleakAdapter.get()
        for device in await adapter.get_connected_devices([self._service]):
            if matches(device):
                return device
        found = await BleakScanner.find_device_by_filter(matches, _SCAN_SECONDS)
        if found is None:
            raise SerialError(
                f"No Bluetooth LE device {self._name} in reach.", "Is it switched on, and not connected elsewhere?"
            )
        return found

    async def _connect(self, found: BLEDevice, received: Received, sent: Sent, clock: Clock) -> BleLink:
        from bleak import BleakClient  # noqa: PLC0415

        link = BleLink(self._name, received, sent, clock)
        client = BleakClient(found, lambda _: link.fail(), timeout=_CONNECT_SECONDS)
        await client.connect()
        try:
            rx = self._pick(client, self._rx, _WRITABLE, "characteristic that can be written")
            tx = self._pick(client, self._tx, _NOTIFYING, "characteristic that notifies")
            await client.start_notify(tx, link.take)
        except BaseException:
            await link.leave(client)
            raise
        link.begin(client, rx)
        return link

    def _pick(self, client: BleakClient, uuid: str, able: tuple[str, ...], what: str) -> BleakGATTCharacteristic:
        """The characteristic of that UUID, else the first of the service that is able to do one of these."""
        service = client.services.get_service(self._service)
        if service is None:
            offered = ", ".join(each.uuid for each in client.services)
            raise SerialError(
                f"{self._name} has no service {self._service}.", f"Name another: ?svc= one of {offered}."
            )
        for each in service.characteristics:
            if each.uuid == uuid or (not uuid and any(word in each.properties for word in able)):
                return each
        offered = ", ".join(each.uuid for each in service.characteristics)
        raise SerialError(f"{self._name} has no {uuid or what}.", f"In this service there are: {offered}.")

    def _explain(self, error: BaseException) -> SerialError:
        from bleak.exc import (  # noqa: PLC0415
            BleakBluetoothNotAvailableError,
            BleakBluetoothNotAvailableReason,
            BleakDBusError,
        )

        where = self._name
        if isinstance(error, BleakBluetoothNotAvailableError):
            if error.reason is BleakBluetoothNotAvailableReason.POWERED_OFF:
                return no_power()
            if error.reason.name.startswith("DENIED"):
                return NotAllowedError("The system does not let you use Bluetooth.", "Allow it in its settings.")
            return SerialError("There is no Bluetooth adapter.", "Plug one in.")
        if isinstance(error, BleakDBusError):
            return explain(BluezError(error.dbus_error, error.dbus_error_details or ""), where)
        if isinstance(error, TimeoutError):
            return SerialError(f"No answer from {where}.", "Is the device switched on and in reach?")
        return SerialError(f"Cannot connect to {where}: {str(error) or type(error).__name__}.")


async def _ready() -> None:
    """See that BlueZ runs and has an adapter, where it is BlueZ that bleak uses. Raises SerialError."""
    if sys.platform == "linux":
        bluez = await Bluez.connect()
        try:
            adapters(await bluez.objects())
        except BluezError as error:
            raise explain(error, "BlueZ") from error
        finally:
            await bluez.close()


def _load() -> None:
    import bleak  # noqa: F401, PLC0415  an extra, and it takes a fifth of a second
