"""A peripheral of Bluetooth LE with Nordic's UART service, and the virtual controller through which BlueZ sees it.

bumble has both ends: a controller that the kernel takes for an adapter (/dev/vhci), and a device beside it, joined by
a link in memory. So scanning, connecting, GATT and what the kernel and BlueZ make of it are real.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

import pytest

pytest.importorskip("bumble")
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.device import Device
from bumble.gatt import Attribute, Characteristic, CharacteristicValue, Service
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport import open_transport

NAME = "Thermo"
ADDRESS = "F0:F1:F2:F3:F4:F5"
SERVICE = "6E400001-B5A3-F393-E0A9-E50E24DCCA9E"
RX = "6E400002-B5A3-F393-E0A9-E50E24DCCA9E"
TX = "6E400003-B5A3-F393-E0A9-E50E24DCCA9E"


class Link(LocalLink):
    """The link in memory; bumble's takes every sender for one that goes by its random address, BlueZ's does not."""

    def send_acl_data(self, sender: Controller, destination: Address, transport: Any, data: bytes) -> None:
        receiver = self.find_le_controller(destination)
        connection = sender.le_connections.get(destination)
        if receiver is not None and connection is not None:
            source = connection.self_address
            asyncio.get_running_loop().call_soon(receiver.on_link_acl_data, source, transport, data)


class Peripheral:
    """A device that can be connected while it advertises; a context manager, for root in the rig's machine."""

    def __init__(self) -> None:
        self.heard = b""
        self.writes: list[int] = []
        """How many bytes came at once."""
        self._connections: list[Any] = []

    async def __aenter__(self) -> Self:
        self._vhci = await open_transport("vhci")
        link = Link()
        self._adapter = Controller(
            "adapter",
            host_source=self._vhci.source,
            host_sink=self._vhci.sink,
            link=link,
            public_address="00:AA:01:00:00:00",
        )
        controller = Controller("peripheral", link=link)
        host = Host(controller, controller)
        self._device = Device(NAME, Address(ADDRESS), host=host)
        self._tx = Characteristic(TX, Characteristic.Properties.NOTIFY, Attribute.READABLE, b"")
        written = CharacteristicValue(write=self._written)
        properties = Characteristic.Properties.WRITE | Characteristic.Properties.WRITE_WITHOUT_RESPONSE
        rx = Characteristic(RX, properties, Attribute.WRITEABLE, written)
        self._device.add_service(Service(SERVICE, [rx, self._tx]))
        self._device.on("connection", self._connections.append)
        await self._device.power_on()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._vhci.close()

    @property
    def lines(self) -> int:
        """How many whole lines were written."""
        return self.heard.count(b"\n")

    async def advertise(self) -> None:
        """Be found, and be connected to."""
        data = AdvertisingData(
            [
                (AdvertisingData.FLAGS, bytes([6])),
                (AdvertisingData.COMPLETE_LOCAL_NAME, NAME.encode()),
                (AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, bytes(UUID(SERVICE))),
            ]
        )
        await self._device.start_advertising(advertising_data=bytes(data), auto_restart=False)

    async def say(self, data: bytes) -> None:
        """Notify whoever listens, in pieces that fit."""
        for start in range(0, len(data), 20):
            await self._device.notify_subscribers(self._tx, data[start : start + 20])

    async def leave(self) -> None:
        """End the connection, as a device that is switched off in good order."""
        await self._connections.pop().disconnect()

    def _written(self, _: Any, data: bytes) -> None:
        self.heard += data
        self.writes.append(len(data))
