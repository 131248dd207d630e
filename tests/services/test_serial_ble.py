"""Bluetooth LE: addresses, what is said when it fails, and how lines are cut into writes.

bleak's client is a fake here; test_serial_bluez_rig.py proves it on a real peripheral.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import bleak
import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDBusError, BleakError

from opsterm.services.lines import Direction, Flag
from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.links import ble, target_for
from opsterm.services.serial.links.uuids import NORDIC_UART, full_uuid
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.faults import no_faults
from tests.waiting import until

RX = NORDIC_UART.replace("6e400001", "6e400002")
TX = NORDIC_UART.replace("6e400001", "6e400003")
FFE0, FFE1 = full_uuid("ffe0"), full_uuid("ffe1")


def characteristic(uuid: str, *properties: str, size: int = 20) -> Any:
    return SimpleNamespace(uuid=uuid, properties=list(properties), max_write_without_response_size=size)


class Client:
    """What opsterm uses of bleak's client; `made` are all that there were, the last one last."""

    made: ClassVar[list[Client]] = []
    services_of_device: ClassVar[dict[str, list[Any]]] = {}
    failure: ClassVar[Exception | None] = None
    stuck: ClassVar[bool] = False

    def __init__(self, device: Any, left: Callable[[Any], None], **_: Any) -> None:
        self.device = device
        self.left = left
        self.writes: list[tuple[str, bytes, bool]] = []
        self.slow = asyncio.Event()
        self.slow.set()
        self.notify: Callable[[Any, bytearray], None] = lambda *_: None
        self.notifying = ""
        self.connected = False
        self.made.append(self)

    async def connect(self) -> None:
        if self.stuck:
            await ends_late()
        if self.failure:
            raise self.failure
        self.connected = True

    async def disconnect(self) -> None:
        if self.stuck:
            await ends_late()
        self.connected = False

    @property
    def services(self) -> Any:
        made = {
            uuid: SimpleNamespace(uuid=uuid, characteristics=found) for uuid, found in self.services_of_device.items()
        }

        class Services(list[Any]):
            def get_service(self, uuid: str) -> Any:
                return made.get(uuid)

        return Services(made.values())

    async def start_notify(self, char: Any, callback: Callable[[Any, bytearray], None]) -> None:
        self.notifying = char.uuid
        self.notify = callback

    async def write_gatt_char(self, char: Any, data: bytes, *, response: bool) -> None:
        await self.slow.wait()
        self.writes.append((char.uuid, data, response))


async def ends_late() -> None:
    """As bleak may: cancelled, it waits for the system."""
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await asyncio.sleep(3)


@pytest.fixture(autouse=True)
def device(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a scan finds, as address and name."""
    there: list[Any] = [SimpleNamespace(address="F0:F1:F2:F3:F4:F5", name="Thermo", connected=False)]

    async def find(matches: Callable[[Any, Any], bool], seconds: float) -> Any:
        seen = (each for each in there if not each.connected)
        return next((each for each in seen if matches(each, SimpleNamespace(local_name=each.name))), None)

    class Adapter:
        async def get_connected_devices(self, services: list[str]) -> list[Any]:
            return [each for each in there if each.connected]

        @classmethod
        async def get(cls) -> Adapter:
            return cls()

    async def ready() -> None:
        pass

    monkeypatch.setattr(bleak, "BleakAdapter", Adapter)
    monkeypatch.setattr(bleak, "BleakClient", Client)
    monkeypatch.setattr(bleak.BleakScanner, "find_device_by_filter", find)
    monkeypatch.setattr(ble, "_ready", ready)
    monkeypatch.setattr(Client, "made", [])
    monkeypatch.setattr(
        Client,
        "services_of_device",
        {NORDIC_UART: [characteristic(RX, "write", "write-without-response"), characteristic(TX, "notify")]},
    )
    return there


@pytest.fixture
async def service() -> AsyncIterator[SerialService]:
    with no_faults():
        service = SerialService()
        yield service
        await service.close()


async def is_open(service: SerialService) -> Client:
    await until(lambda: service.status.state is State.LIVE, "the connection")
    return Client.made[-1]


async def is_lost(service: SerialService) -> str:
    await until(lambda: service.status.state in (State.LOST, State.FAILED), "the failure")
    return service.status.reason


def texts(service: SerialService, direction: Direction) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is direction]


@pytest.mark.parametrize("port", ["ble://Thermo", "ble://thermo", "ble://f0:f1:f2:f3:f4:f5", "ble://%54hermo"])
async def test_a_line_each_way_by_name_or_address(service: SerialService, port: str) -> None:
    await service.open(Settings(port))
    client = await is_open(service)
    assert client.notifying == TX
    client.notify(None, bytearray(b"21.5 C\n22"))
    client.notify(None, bytearray(b".0 C\n"))
    await until(lambda: texts(service, Direction.RX) == ["21.5 C", "22.0 C"], "both lines")
    service.send("x" * 43)
    await until(lambda: texts(service, Direction.TX), "the line sent")
    assert client.writes == [(RX, b"x" * 20, False), (RX, b"x" * 20, False), (RX, b"xxx\r\n", False)]


@pytest.mark.parametrize(("size", "sizes"), [(0, [20, 20, 5]), (182, [45]), (514, [45])])
async def test_a_write_is_as_large_as_the_device_takes(
    service: SerialService, monkeypatch: pytest.MonkeyPatch, size: int, sizes: list[int]
) -> None:
    found = [characteristic(RX, "write-without-response", size=size), characteristic(TX, "notify")]
    monkeypatch.setattr(Client, "services_of_device", {NORDIC_UART: found})
    await service.open(Settings("ble://Thermo"))
    client = await is_open(service)
    service.send("x" * 43)
    await until(lambda: texts(service, Direction.TX), "the line sent")
    assert [len(data) for _, data, _ in client.writes] == sizes


async def test_no_write_is_longer_than_an_attribute(service: SerialService, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [characteristic(RX, "write-without-response", size=514), characteristic(TX, "notify")]
    monkeypatch.setattr(Client, "services_of_device", {NORDIC_UART: found})
    await service.open(Settings("ble://Thermo"))
    client = await is_open(service)
    service.send("x" * 600)
    await until(lambda: texts(service, Direction.TX), "the line sent")
    assert [len(data) for _, data, _ in client.writes] == [512, 90]


@pytest.mark.parametrize("port", ["ble://Thermo?svc=ffe0", "ble://Thermo?svc=0xFFE0&rx=ffe1&tx=ffe1"])
async def test_another_service(service: SerialService, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setattr(Client, "services_of_device", {FFE0: [characteristic(FFE1, "read", "write", "notify")]})
    await service.open(Settings(port))
    client = await is_open(service)
    assert client.notifying == FFE1
    service.send("AT")
    await until(lambda: client.writes == [(FFE1, b"AT\r\n", True)], "the line, written with an answer")


async def test_lines_that_have_not_left_are_marked_when_the_device_goes(service: SerialService) -> None:
    await service.open(Settings("ble://Thermo"))
    client = await is_open(service)
    client.slow.clear()
    service.send("one")
    service.send("two")
    assert service.queued == 10
    client.left(client)
    await until(lambda: service.status.state is State.LOST, "the loss")
    assert service.status.reason.startswith("Device disconnected (Thermo)")
    sent = [line for line in service.ring.since(0) if line.direction is Direction.TX]
    assert [(line.text, bool(line.flags & Flag.UNSENT)) for line in sent] == [("one", True), ("two", True)]
    await is_open(service)
    assert len(Client.made) == 2
    assert not Client.made[1].writes


async def test_what_is_held_comes_with_its_time(service: SerialService) -> None:
    await service.open(Settings("ble://Thermo"))
    client = await is_open(service)
    service.hold(True)
    client.notify(None, bytearray(b"held\n"))
    assert not texts(service, Direction.RX)
    service.hold(False)
    await until(lambda: texts(service, Direction.RX) == ["held"], "the line")


async def test_a_library_that_ends_late_holds_up_nobody(
    service: SerialService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "stuck", True)
    await service.open(Settings("ble://Thermo"))
    await until(lambda: Client.made, "the client")
    async with asyncio.timeout(2):
        await service.stop()
    monkeypatch.setattr(Client, "stuck", False)
    await service.start()
    await is_open(service)
    monkeypatch.setattr(Client, "stuck", True)
    async with asyncio.timeout(2):
        await service.stop()


async def test_a_device_that_a_killed_program_left_connected(service: SerialService, device: list[Any]) -> None:
    device[0].connected = True
    device.insert(0, SimpleNamespace(address="F0:F1:F2:F3:F4:00", name="Other", connected=True))
    await service.open(Settings("ble://Thermo"))
    await is_open(service)
    assert Client.made[-1].device is device[1]


async def test_without_bleak_the_command_is_said(service: SerialService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", None)
    await service.open(Settings("ble://Thermo"))
    assert await is_lost(service) == "Bluetooth LE needs bleak."
    assert service.status.hint == "Run: pip install 'opsterm[ble]'."
    assert service.status.state is State.FAILED


async def test_a_device_out_of_reach(service: SerialService, device: list[Any]) -> None:
    there = device.pop()
    await service.open(Settings("ble://Thermo"))
    assert await is_lost(service) == "No Bluetooth LE device Thermo in reach."
    assert service.status.hint == "Is it switched on, and not connected elsewhere?"
    device.append(there)
    await is_open(service)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (TimeoutError(), "No answer from Thermo."),
        (
            BleakBluetoothNotAvailableError("", BleakBluetoothNotAvailableReason.POWERED_OFF),
            "No Bluetooth adapter is switched on.",
        ),
        (
            BleakBluetoothNotAvailableError("", BleakBluetoothNotAvailableReason.NO_BLUETOOTH),
            "There is no Bluetooth adapter.",
        ),
        (
            BleakBluetoothNotAvailableError("", BleakBluetoothNotAvailableReason.DENIED_BY_USER),
            "The system does not let you use Bluetooth.",
        ),
        (BleakDBusError("org.bluez.Error.AuthenticationFailed", ["no"]), "Thermo is not paired."),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["no"]), "BlueZ is not running."),
        (BleakError("odd"), "Cannot connect to Thermo: odd."),
        (EOFError(), "Cannot connect to Thermo: EOFError."),
    ],
)
async def test_why_it_does_not_connect_is_said(
    service: SerialService, monkeypatch: pytest.MonkeyPatch, failure: Exception, said: str
) -> None:
    monkeypatch.setattr("opsterm.services.serial.links.bluez.has_bluetooth", lambda: True)
    monkeypatch.setattr(Client, "failure", failure)
    await service.open(Settings("ble://Thermo"))
    assert await is_lost(service) == said


@pytest.mark.parametrize(
    ("port", "services", "said"),
    [
        ("ble://Thermo", {FFE0: []}, f"Thermo has no service {NORDIC_UART}."),
        (
            "ble://Thermo?svc=ffe0&rx=ffe2",
            {FFE0: [characteristic(FFE1, "write")]},
            f"Thermo has no {full_uuid('ffe2')}.",
        ),
        (
            "ble://Thermo?svc=ffe0",
            {FFE0: [characteristic(FFE1, "write")]},
            "Thermo has no characteristic that notifies.",
        ),
    ],
)
async def test_a_device_without_the_service_is_let_go(
    service: SerialService, monkeypatch: pytest.MonkeyPatch, port: str, services: dict[str, list[Any]], said: str
) -> None:
    monkeypatch.setattr(Client, "services_of_device", services)
    await service.open(Settings(port))
    assert await is_lost(service) == said
    assert "0000ffe" in service.status.hint
    assert not Client.made[-1].connected


@pytest.mark.parametrize("port", ["ble://", "ble:Thermo", "ble://Thermo?svc=uart", "ble://Thermo?service=ffe0"])
def test_an_address_written_wrongly(port: str) -> None:
    with pytest.raises(SerialError, match="Invalid address 'ble:"):
        target_for(port)
