"""The side that is called: a phone connects to this computer, and that is the link."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from typing import Any

from opsterm.services.serial.clock import Clock
from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.serial.links.base import Received, Sent
from opsterm.services.serial.links.bluez import (
    ADAPTER,
    DEVICE,
    Bluez,
    BluezError,
    adapters,
    explain,
    not_running,
)
from opsterm.services.serial.links.bluez_profile import SERIAL_PORT, offer
from opsterm.services.serial.links.rfcomm import RfcommLink
from opsterm.services.serial.settings import Settings
from opsterm.services.text import clean

_URL = re.compile(r"bt-server:(?://)?(?:\?(.*))?")
_CHANNELS = range(1, 31)
_WAITING = "Waiting for a device to connect"


class BluetoothServerTarget:
    """`bt-server://`: a serial port that other devices find here, for those that are paired.

    `?channel=22` has it at that channel (1 to 30) instead of any that is free, `?unpaired=yes` lets everybody in, and
    `?channel=22&unpaired=yes` is both. Raises BadSettingError where that is written wrongly.
    """

    watched: tuple[str, ...] = ()

    def __init__(self, port: str) -> None:
        self.device = port
        self.moved = ""
        self.waiting = f"{_WAITING} ({port})."
        self._last = ""  # who was here
        parts = _URL.fullmatch(port)
        options = dict(pair.partition("=")[::2] for pair in (parts[1] or "").split("&") if pair) if parts else {}
        channel, unpaired = options.pop("channel", ""), options.pop("unpaired", "no")
        self._channel = int(channel) if channel.isdecimal() and len(channel) <= 2 else 0
        if parts is None or options or unpaired not in ("yes", "no") or (channel and self._channel not in _CHANNELS):
            raise BadSettingError(f"Invalid address '{port}'.", "Write bt-server://, maybe with ?channel=1 to 30.")
        self._paired_only = unpaired == "no"

    async def open(self, settings: Settings, received: Received, sent: Sent, clock: Clock) -> ServedLink:  # noqa: ARG002
        """Wait, for as long as it takes, until a device connects. Raises SerialError."""
        bluez = await Bluez.connect()
        try:
            connected, who = await self._wait(bluez)
        except BluezError as error:
            raise explain(error, "the port") from error
        finally:
            await bluez.close()
        self.moved = f"with {who}" if self._last not in ("", who) else ""
        self._last = who
        return await ServedLink.over(connected, who, received, sent, clock)

    async def _wait(self, bluez: Bluez) -> tuple[socket.socket, str]:
        came: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()

        def take(device: str, descriptor: int) -> bool:
            if came.done():
                return False  # one at a time
            came.set_result((device, descriptor))
            return True

        options = {
            "Role": "server",
            "Channel": self._channel,  # 0 is any
            "RequireAuthentication": self._paired_only,
            "RequireAuthorization": False,  # whoever opens this port has said yes
        }
        adapters(await bluez.objects())
        await offer(bluez, SERIAL_PORT, options, take)
        try:
            objects = await bluez.objects()
            if not any(SERIAL_PORT in objects[path][ADAPTER].get("UUIDs", ()) for path in adapters(objects)):
                raise SerialError(f"Channel {self._channel} is in use.", "Choose another: bt-server://?channel=23.")
            either: tuple[asyncio.Future[Any], ...] = (came, bluez.gone)
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not came.done():
                raise not_running()
            device, descriptor = came.result()
            properties = (await bluez.objects()).get(device, {}).get(DEVICE, {})
        except BaseException:
            if came.done():
                os.close(came.result()[1])
            raise
        address, name = properties.get("Address", ""), clean(properties.get("Name", ""))
        return socket.socket(fileno=descriptor), f"{name} {address}".strip() or "a device"


class ServedLink(RfcommLink):
    """A device that has connected to us."""

    def explain_loss(self, error: OSError | None) -> SerialError:
        """What to say when it has left: only it can come again."""
        loss = super().explain_loss(error)
        loss.hint = f"{_WAITING}."
        return loss
