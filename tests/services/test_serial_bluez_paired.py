"""Paired Bluetooth devices in the list of ports: which, in which words, and as they change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from opsterm.services.serial import ports
from opsterm.services.serial.links import paired
from opsterm.services.serial.links.bluez import DEVICE
from opsterm.services.serial.links.bluez_profile import SERIAL_PORT
from opsterm.services.serial.links.paired import paired_ports
from opsterm.services.serial.links.uuids import NORDIC_UART
from opsterm.services.serial.ports import Port, watch_ports
from tests.bluez import ADAPTER, PHONE, Bus, FakeBluez, Message, variants
from tests.waiting import until

HEADPHONES = "0000110b-0000-1000-8000-00805f9b34fb"


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    bus = Bus(tmp_path_factory.mktemp("bus"))
    yield bus
    bus.close()


@pytest.fixture
async def fake(bus: Bus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[FakeBluez]:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    monkeypatch.setattr(ports, "_BLUETOOTH", str(tmp_path))
    monkeypatch.setattr(ports, "scan_ports", lambda: [Port("/dev/ttyUSB0")])
    fake = FakeBluez(bus)
    await fake.begin()
    yield fake
    await fake.end()


async def following(lists: AsyncGenerator[list[Port], None], last: list[list[Port]]) -> None:
    async for there in lists:
        last.append(there[1:])


async def test_the_list_follows_what_is_paired(fake: FakeBluez) -> None:
    path = fake.add(name="HC-05\x1b[2J", UUIDs=[SERIAL_PORT])
    seen: list[list[Port]] = []
    async with aclosing(watch_ports()) as lists:
        task = asyncio.create_task(following(lists, seen))

        async def becomes(*there: Port) -> None:
            await until(lambda: seen and seen[-1] == list(there), f"{there}")

        url = f"bt://{PHONE}"
        await becomes(Port(url, "HC-05 (paired)"))
        await fake.tell(path, Connected=True)
        await becomes(Port(url, "HC-05 (paired, connected)"))
        await fake.tell(ADAPTER, Powered=False)
        await becomes(Port(url, "HC-05 (paired, connected)", problem="adapter is off: bluetoothctl power on"))
        await fake.tell(path, Paired=False)
        await becomes()
        await fake.tell(path, Paired=True, Connected=False)
        await fake.tell(ADAPTER, Powered=True)
        await becomes(Port(url, "HC-05 (paired)"))
        await fake.forget(path)
        await becomes()
        fake.add(name="HC-06")
        await fake.end()
        await fake.begin()
        await becomes(Port(url, "HC-06 (paired)"))
        await fake.end()
        await becomes()
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.parametrize(
    ("signal", "matters"),
    [
        (("PropertiesChanged", "sa{sv}as", DEVICE, {"RSSI": -40, "TxPower": 3}, []), False),
        (("PropertiesChanged", "sa{sv}as", DEVICE, {"RSSI": -40, "Connected": True}, []), True),
        (("PropertiesChanged", "sa{sv}as", "org.bluez.Adapter1", {"Discovering": True}, []), False),
        (("PropertiesChanged", "sa{sv}as", "org.bluez.Adapter1", {"Powered": True}, []), True),
        (("InterfacesAdded", "oa{sa{sv}}", "/x", {DEVICE: {"Paired": False}}), False),
        (("InterfacesAdded", "oa{sa{sv}}", "/x", {DEVICE: {"Paired": True}}), True),
        (("InterfacesAdded", "oa{sa{sv}}", "/x", {"org.bluez.Adapter1": {"Powered": True}}), True),
        (("InterfacesRemoved", "oas", "/x", [DEVICE]), True),
        (("NameOwnerChanged", "sss", "org.bluez", "", ":1.7"), True),
    ],
)
def test_what_a_scan_brings_makes_nobody_look(signal: tuple[Any, ...], matters: bool) -> None:
    member, signature, *body = signal
    if member != "InterfacesRemoved" and isinstance(body[1], dict):
        inner = body[1]
        body[1] = {key: variants(value) for key, value in inner.items()} if signature[0] == "o" else variants(inner)
    assert paired._matters(Message.new_signal("/x", "org.bluez.X", member, signature, body)) is matters


@pytest.mark.parametrize("kernel", [True, False])
async def test_without_bluez_the_list_is_as_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kernel: bool
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    monkeypatch.setattr(ports, "_BLUETOOTH", str(tmp_path if kernel else tmp_path / "none"))
    there = [Port("/dev/ttyUSB0")]
    monkeypatch.setattr(ports, "scan_ports", lambda: list(there))
    monkeypatch.setattr(ports, "_DEV", str(tmp_path))
    monkeypatch.setattr(ports, "_BY_ID", str(tmp_path / "by-id"))
    async with aclosing(watch_ports()) as lists:
        assert await anext(lists) == there
        second = asyncio.create_task(anext(lists))
        there.append(Port("/dev/ttyUSB1"))
        await until(lambda: touch(tmp_path) and second.done(), "the second list")
        assert await second == there


def touch(folder: Path) -> bool:
    (folder / "new").touch()
    (folder / "new").unlink()
    return True


def device(**properties: Any) -> dict[str, dict[str, dict[str, Any]]]:
    known = {"Address": PHONE, "Name": "N", "Paired": True, "Adapter": ADAPTER}
    return {
        ADAPTER: {"org.bluez.Adapter1": {"Powered": True}},
        f"{ADAPTER}/dev": {"org.bluez.Device1": {**known, **properties}},
    }


@pytest.mark.parametrize(
    ("properties", "url"),
    [
        ({"UUIDs": [HEADPHONES, SERIAL_PORT]}, f"bt://{PHONE}"),
        ({"UUIDs": [HEADPHONES]}, ""),
        ({"UUIDs": []}, f"bt://{PHONE}"),
        ({"AddressType": "random"}, f"ble://{PHONE}"),
        ({"UUIDs": [NORDIC_UART]}, f"ble://{PHONE}"),
        ({"UUIDs": [SERIAL_PORT], "Paired": False}, ""),
    ],
)
def test_what_counts_as_a_port(properties: dict[str, Any], url: str) -> None:
    assert [port.device for port in paired_ports(device(**properties))] == ([url] if url else [])
