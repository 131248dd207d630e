"""The Bluetooth devices that are paired and have a serial port, while somebody looks; BlueZ tells of changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.links.bluez import ADAPTER, DEVICE, Bluez, BluezError, Objects
from opsterm.services.serial.links.bluez_profile import SERIAL_PORT
from opsterm.services.serial.links.uuids import NORDIC_UART
from opsterm.services.serial.ports import Port
from opsterm.services.text import clean

if TYPE_CHECKING:
    from dbus_fast import Message

_SHOWN = {"Paired", "Connected", "Name", "UUIDs", "Powered"}
"""The properties that make a difference here; others, such as the strength of the signal, change all the time."""
_SETTLE_SECONDS = 0.1


class Paired:
    """Keeps `ports`, and calls `changed` on the loop when they are others."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.ports: list[Port] = []
        self._changed = changed
        self._following: asyncio.Task[None] | None = None

    def follow(self) -> None:
        """Begin; may be called again, and begins again where the bus has ended."""
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow(), name="paired devices")

    async def close(self) -> None:
        """End it."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])

    async def _follow(self) -> None:
        with contextlib.suppress(SerialError, BluezError):  # then there is nothing to show
            bluez = await Bluez.connect(look_on=True)
            try:
                await self._keep(bluez)
            finally:
                await bluez.close()
        self._become([])

    async def _keep(self, bluez: Bluez) -> None:
        news = asyncio.Event()

        def heard(message: Message) -> None:
            if _matters(message):
                news.set()

        bluez.heard = heard
        for member, interface in (
            ("InterfacesAdded", ""),
            ("InterfacesRemoved", ""),
            ("PropertiesChanged", DEVICE),
            ("PropertiesChanged", ADAPTER),
        ):
            await bluez.follow(member, arg0=interface)
        bluez.ending.add_done_callback(lambda _: news.set())
        while not bluez.ending.done():
            news.clear()
            self._become(paired_ports(await bluez.objects()) if await bluez.runs() else [])
            await news.wait()
            await asyncio.sleep(_SETTLE_SECONDS)  # what happens to a device brings several changes

    def _become(self, ports: list[Port]) -> None:
        if ports != self.ports:
            self.ports = ports
            self._changed()


def _matters(message: Message) -> bool:
    """Whether a signal can mean another list; while somebody scans there are many that do not."""
    match message.member:
        case "PropertiesChanged":
            return bool(_SHOWN & message.body[1].keys())
        case "InterfacesAdded":
            device = message.body[1].get(DEVICE)
            return bool(ADAPTER in message.body[1] or (device and "Paired" in device and device["Paired"].value))
    return True


def paired_ports(objects: Objects) -> list[Port]:
    """The devices among `objects` that are paired and have a serial port, or whose services are not known yet."""
    found = [
        Port(url, f"{clean(str(device.get('Name') or device.get('Alias') or 'no name'))} ({state})", problem=problem)
        for interfaces in objects.values()
        if (device := interfaces.get(DEVICE)) and device.get("Paired") and (url := _url(device))
        for state in ["paired, connected" if device.get("Connected") else "paired"]
        for problem in ["" if _is_on(objects, device) else "adapter is off: bluetoothctl power on"]
    ]
    return sorted(found, key=lambda port: port.device)


def _url(device: dict[str, Any]) -> str:
    """How opsterm would open it; empty for what is no port, such as headphones."""
    offered = device.get("UUIDs") or [NORDIC_UART if device.get("AddressType") == "random" else SERIAL_PORT]
    address = str(device.get("Address"))
    if SERIAL_PORT in offered:
        return f"bt://{address}"
    return f"ble://{address}" if NORDIC_UART in offered else ""


def _is_on(objects: Objects, device: dict[str, Any]) -> bool:
    return bool(objects.get(str(device.get("Adapter")), {}).get(ADAPTER, {}).get("Powered"))
