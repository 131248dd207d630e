"""Connections of Bluetooth classic that BlueZ makes or takes for us, and hands over as descriptors."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.links.bluez import DEVICE, NAME, Bluez, BluezError

SERIAL_PORT = "00001101-0000-1000-8000-00805f9b34fb"
"""The serial port profile (SPP) among the assigned numbers of Bluetooth."""
_CONNECT_SECONDS = 25.0
"""Longer than a page time-out of Bluetooth (5 s), the search for the service and the authentication after it."""

_calling: dict[str, asyncio.Future[int]] = {}
"""By path of the device who waits to be connected: BlueZ may hand a connection to the profile of another of ours."""


async def call_device(bluez: Bluez, device: str, service: str) -> int:
    """A connection to `service` (a UUID) of the device at that path. Raises BluezError and SerialError.

    It asks for no pairing: the device decides whether it lets in who is not paired.
    """
    if device in _calling:
        raise SerialError("It is being connected already.", "Close the other one.")
    got = _calling[device] = asyncio.get_running_loop().create_future()
    try:
        # BlueZ has one profile for each UUID; with one of our own, that stands for `service`, nobody is in the way.
        await offer(
            bluez, str(uuid4()), {"Role": "client", "Service": service, "RequireAuthentication": False}, _hand_over
        )
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await bluez.call(device, f"{DEVICE}.ConnectProfile", "s", service)
                return await asyncio.shield(got)
        except TimeoutError:
            raise BluezError(f"{NAME}.Error.Failed", "connection-timeout") from None
    except BaseException:
        if got.done():
            os.close(got.result())
        raise
    finally:
        del _calling[device]


async def offer(bluez: Bluez, uuid: str, options: dict[str, object], take: Callable[[str, int], bool]) -> None:
    """Register a profile, until `bluez` is closed. Raises BluezError.

    `take` is given the path of the device and the descriptor of each connection, and says whether it keeps it.
    """
    from dbus_fast import Variant  # noqa: PLC0415  Linux only

    def called(method: str, arguments: list[Any], descriptors: list[int]) -> bool:
        kept = False
        if method == "NewConnection":
            descriptor = descriptors[arguments[1]]
            kept = take(arguments[0], descriptor)
            if kept:
                descriptors.remove(descriptor)
        for descriptor in descriptors:
            os.close(descriptor)
        return kept or method != "NewConnection"

    path = f"/opsterm/profile_{uuid.replace('-', '')}"
    bluez.serve(path, called)
    signatures = {str: "s", bool: "b", int: "q"}
    given = {name: Variant(signatures[type(value)], value) for name, value in {"Name": "opsterm", **options}.items()}
    await bluez.call(
        "/org/bluez", "org.bluez.ProfileManager1.RegisterProfile", "osa{sv}", path, uuid, given, seconds=5.0
    )


def _hand_over(device: str, descriptor: int) -> bool:
    waiting = _calling.get(device)
    if waiting is None or waiting.done():
        return False
    waiting.set_result(descriptor)
    return True
