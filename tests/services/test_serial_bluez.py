"""Bluetooth through BlueZ on D-Bus: what passes, what is waited for, and what is said when it fails.

BlueZ is a fake on a bus of its own here; `test_serial_bluez_rig.py` proves the links on the real one.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from opsterm.services.lines import Direction
from opsterm.services.serial import ports
from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.links import bluez_profile, target_for
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.bluez import ADAPTER, PHONE, SERIAL_PORT, Bus, FakeBluez, received
from tests.faults import no_faults
from tests.waiting import until

URL = f"bt://{PHONE}"
SERVER = "bt-server://"


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    bus = Bus(tmp_path_factory.mktemp("bus"))
    yield bus
    bus.close()


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder by which the kernel shows that it has Bluetooth."""
    folder = tmp_path / "bluetooth"
    folder.mkdir()
    monkeypatch.setattr(ports, "_BLUETOOTH", str(folder))
    return folder


@pytest.fixture
async def fake(bus: Bus, kernel: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeBluez]:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    fake = FakeBluez(bus)
    await fake.begin()
    yield fake
    await fake.end()
    fake.close()


@pytest.fixture
async def service() -> AsyncIterator[SerialService]:
    with no_faults():
        service = SerialService()
        yield service
        await service.close()


async def is_open(service: SerialService) -> None:
    await until(lambda: service.status.state is State.LIVE, "the connection")


async def is_lost(service: SerialService) -> str:
    await until(lambda: service.status.state in (State.LOST, State.FAILED), "the failure")
    return service.status.reason


def texts(service: SerialService, direction: Direction) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is direction]


async def test_a_line_each_way_and_again_after_a_loss(service: SerialService, fake: FakeBluez) -> None:
    fake.add()
    await service.open(Settings(URL.lower()))
    await is_open(service)
    fake.connections[-1].send(b"ping from android\n")
    await until(lambda: texts(service, Direction.RX) == ["ping from android"], "the ping")
    heard = bytearray()
    service.send("test message")
    await until(lambda: received(fake.connections[-1], b"test message\r\n", heard), "the line at the device")
    fake.connections[-1].close()
    await until(lambda: len(fake.connections) == 2, "the second connection")
    await is_open(service)
    assert texts(service, Direction.NOTE)[0] == "lost: connection closed"
    assert service.counters.reconnects == 1


async def test_another_service_is_named_by_its_uuid(service: SerialService, fake: FakeBluez) -> None:
    fake.add()
    await service.open(Settings(f"{URL}/1103"))
    await is_open(service)
    assert fake.called == ["00001103-0000-1000-8000-00805f9b34fb"]


async def test_two_devices_at_once(fake: FakeBluez) -> None:
    fake.add()
    fake.add("00:AA:01:01:00:02", "Other")
    services = [SerialService(), SerialService()]
    try:
        await asyncio.gather(services[0].open(Settings(URL)), services[1].open(Settings("bt://00:AA:01:01:00:02")))
        for each in services:
            await is_open(each)
    finally:
        for each in services:
            await each.close()


async def test_a_phone_connects_leaves_and_comes_again(service: SerialService, fake: FakeBluez) -> None:
    phone = fake.add()
    await service.open(Settings(f"{SERVER}?channel=22"))
    await until(lambda: SERIAL_PORT in fake.profiles, "the server")
    assert fake.profiles[SERIAL_PORT][2] == {
        "Name": "opsterm",
        "Role": "server",
        "Channel": 22,
        "RequireAuthentication": True,
        "RequireAuthorization": False,
    }
    assert service.status.state is State.STARTING
    far = await fake.call_server(phone)
    await is_open(service)
    far.send(b"ping from android\n")
    await until(lambda: texts(service, Direction.RX) == ["ping from android"], "the ping")
    service.send("test message")
    heard = bytearray()
    await until(lambda: received(far, b"test message\r\n", heard), "the answer at the phone")
    far.close()
    await until(lambda: service.status.state is State.LOST, "the loss")
    assert service.status.reason.startswith(f"Connection closed (Phone {PHONE})")
    assert service.status.hint == "Waiting for a device to connect."
    await until(lambda: SERIAL_PORT in fake.profiles, "the server once more")
    await fake.call_server(fake.add("00:AA:01:01:00:02", "Tablet"))
    await is_open(service)
    assert texts(service, Direction.NOTE)[-1].startswith("open again with Tablet 00:AA:01:01:00:02, gap ")


async def test_there_is_room_for_one_phone_only(fake: FakeBluez) -> None:
    phone = fake.add()
    opening = asyncio.create_task(
        target_for(SERVER).open(Settings(SERVER), lambda _: None, lambda _: None, SerialService()._clock)
    )
    await until(lambda: SERIAL_PORT in fake.profiles, "the server")
    both = await asyncio.gather(fake.call_server(phone), fake.call_server(phone), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["ConnectionRefusedError", "socket"]
    link = await opening
    await link.close()


async def test_waiting_for_a_phone_can_be_ended(service: SerialService, fake: FakeBluez) -> None:
    fds, threads = set(os.listdir("/dev/fd")), threading.active_count()
    for _ in range(3):
        await service.open(Settings(SERVER))
        await until(lambda: SERIAL_PORT in fake.profiles, "the server")
        await service.stop()
        assert service.status.state is State.OFF
        await until(lambda: not fake.profiles, "no server left")
    await until(lambda: set(os.listdir("/dev/fd")) <= fds, "no descriptor left")
    await until(lambda: threading.active_count() <= threads, "no thread left")


async def test_connecting_can_be_ended(service: SerialService, fake: FakeBluez) -> None:
    fake.add()
    fake.silent = True
    fds = set(os.listdir("/dev/fd"))
    await service.open(Settings(URL))
    await until(lambda: fake.profiles, "the call")
    await service.stop()
    assert service.status.state is State.OFF
    await until(lambda: set(os.listdir("/dev/fd")) <= fds, "no descriptor left")
    fake.silent = False
    await service.start()
    await is_open(service)


async def test_waiting_ends_with_bluez_and_begins_again_with_it(service: SerialService, fake: FakeBluez) -> None:
    await service.open(Settings(SERVER))
    await until(lambda: SERIAL_PORT in fake.profiles, "the server")
    await fake.end()
    assert await is_lost(service) == "BlueZ is not running."
    assert service.status.hint == "Start it: sudo systemctl start bluetooth."
    await fake.begin()
    await until(lambda: SERIAL_PORT in fake.profiles, "the server once more")
    await fake.call_server(fake.add())
    await is_open(service)


def test_what_is_waited_for_has_words() -> None:
    assert target_for(SERVER).waiting == "Waiting for a device to connect (bt-server://)."
    assert target_for("/dev/ttyUSB0").waiting == target_for(URL).waiting == ""


@pytest.mark.parametrize(
    ("name", "text", "said", "hint"),
    [
        ("Failed", "br-connection-page-timeout", f"No answer from {PHONE}.", "Is the device switched on"),
        ("Failed", "Host is down", f"No answer from {PHONE}.", "Is the device switched on"),
        ("Failed", "br-connection-refused", f"{PHONE} refuses the connection.", "Has another computer or phone it?"),
        ("NotAvailable", "br-connection-profile-unavailable", f"{PHONE} does not offer this", "See what it offers: "),
        ("Failed", "br-connection-key-missing", f"{PHONE} is not paired.", f"Run: bluetoothctl pair {PHONE}"),
        ("AuthenticationRejected", "Rejected", f"{PHONE} is not paired.", f"Run: bluetoothctl pair {PHONE}"),
        ("NotReady", "Resource Not Ready", "No Bluetooth adapter is switched on.", "Try: bluetoothctl power on."),
        ("InProgress", "Operation already in progress", f"{PHONE} is being connected by somebody", "Trying again."),
        ("Failed", "br-\x1b[2Jodd", f"Cannot connect to {PHONE}: br-odd.", ""),
    ],
)
async def test_why_a_device_does_not_connect_is_said(
    service: SerialService, fake: FakeBluez, name: str, text: str, said: str, hint: str
) -> None:
    fake.add()
    await service.open(Settings(URL))
    await is_open(service)
    fake.refusal = (f"org.bluez.Error.{name}", text)
    await service.open(Settings(URL))
    reason = await is_lost(service)
    assert reason.startswith(said)
    assert service.status.hint.startswith(hint)
    assert service.status.retry_at
    fake.refusal = None
    service.retry()
    await is_open(service)


async def test_a_device_that_is_not_known_has_to_be_paired(service: SerialService, fake: FakeBluez) -> None:
    await service.open(Settings(URL))
    assert await is_lost(service) == f"{PHONE} is not paired."
    assert service.status.hint == f"Run: bluetoothctl pair {PHONE}, after: bluetoothctl scan on."
    fake.add()
    await is_open(service)


@pytest.mark.parametrize("port", [URL, SERVER])
async def test_an_adapter_that_is_off_or_away(service: SerialService, fake: FakeBluez, port: str) -> None:
    fake.add()
    fake.objects[ADAPTER]["org.bluez.Adapter1"]["Powered"] = False
    await service.open(Settings(port))
    assert await is_lost(service) == "No Bluetooth adapter is switched on."
    assert service.status.hint == "Try: bluetoothctl power on."
    fake.objects.pop(ADAPTER)
    await until(lambda: service.status.reason == "There is no Bluetooth adapter.", "the other words")
    assert service.status.hint == "Plug one in."


@pytest.mark.parametrize("port", [URL, SERVER])
async def test_without_bluez_that_is_said_and_it_comes_by_itself(
    service: SerialService, fake: FakeBluez, port: str
) -> None:
    fake.add()
    await fake.end()
    await service.open(Settings(port))
    assert await is_lost(service) == "BlueZ is not running."
    assert service.status.retry_at
    await fake.begin()
    await until(lambda: fake.profiles or fake.called, "another try")


@pytest.mark.parametrize("port", [URL, SERVER])
async def test_without_a_bus_bluez_is_not_running_either(
    service: SerialService, kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    await service.open(Settings(port))
    assert await is_lost(service) == "BlueZ is not running."


@pytest.mark.parametrize("port", [URL, SERVER])
async def test_a_kernel_without_bluetooth(
    service: SerialService, kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    kernel.rmdir()
    await service.open(Settings(port))
    assert await is_lost(service) == "The system has no Bluetooth."
    assert service.status.state is State.FAILED
    assert "modprobe" in service.status.hint


async def test_a_device_that_never_answers_is_given_up(
    service: SerialService, fake: FakeBluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluez_profile, "_CONNECT_SECONDS", 0.05)
    fake.add()
    fake.silent = True
    await service.open(Settings(URL))
    assert await is_lost(service) == f"No answer from {PHONE}."


async def test_a_server_beside_another_of_the_kind(service: SerialService, fake: FakeBluez) -> None:
    fake.profiles[SERIAL_PORT] = (":1.0", "/other", {"Role": "server"})
    await service.open(Settings(SERVER))
    assert await is_lost(service) == "Another program offers the serial port over Bluetooth already."
    assert service.status.hint == "Close it there."


async def test_a_channel_that_is_in_use(service: SerialService, fake: FakeBluez) -> None:
    fake.full = True
    await service.open(Settings(f"{SERVER}?channel=22"))
    assert await is_lost(service) == "Channel 22 is in use."
    assert service.status.hint == "Choose another: bt-server://?channel=23."


@pytest.mark.parametrize(
    "port", ["bt-server://?channel=0", "bt-server://?channel=31", "bt-server://?chanel=2", "bt-server://?unpaired=x"]
)
def test_a_server_written_wrongly(port: str) -> None:
    with pytest.raises(SerialError, match="Invalid address 'bt-server://") as caught:
        target_for(port)
    assert caught.value.hint
