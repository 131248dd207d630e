"""What is said of a Bluetooth address that does not open; the rig's machine proves those that do."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import AsyncIterator

import pytest

from opsterm.services.serial.links import rfcomm
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.waiting import until

PHONE = "00:AA:01:01:00:01"


@pytest.fixture
async def service() -> AsyncIterator[SerialService]:
    service = SerialService()
    yield service
    await service.close()


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python with Bluetooth sockets, whether this one has them or not."""
    monkeypatch.setattr(rfcomm.socket, "AF_BLUETOOTH", socket.AF_UNIX, raising=False)
    monkeypatch.setattr(rfcomm.socket, "BTPROTO_RFCOMM", 0, raising=False)


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("bt://phone", "Invalid address 'bt://phone'."),
        (f"bt://{PHONE}/0", f"Invalid address 'bt://{PHONE}/0'."),
        (f"bt://{PHONE}/31", f"Invalid address 'bt://{PHONE}/31'."),
        (f"bt://{PHONE}/11012", f"Invalid address 'bt://{PHONE}/11012'."),
        (f"bt://{PHONE}/spp", f"Invalid address 'bt://{PHONE}/spp'."),
    ],
)
async def test_what_cannot_be_is_said(service: SerialService, sockets: None, port: str, said: str) -> None:
    await service.open(Settings(port))
    await until(lambda: service.status.state is State.FAILED, "the failure")
    assert service.status.reason == said
    assert service.status.hint


async def test_a_python_without_bluetooth_connects_through_the_c_library(
    service: SerialService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(rfcomm.socket, "AF_BLUETOOTH", raising=False)
    tried: list[object] = []

    class NoBluetooth(socket.socket):
        def __init__(self, *kind: int) -> None:
            tried.append(kind)
            raise OSError(errno.EAFNOSUPPORT, "no")

    monkeypatch.setattr(rfcomm.socket, "socket", NoBluetooth)
    await service.open(Settings(f"bt://{PHONE}/3"))
    await until(lambda: service.status.state is State.FAILED, "the failure")
    assert service.status.reason == "The system has no Bluetooth (RFCOMM)."
    assert tried == ([(31, socket.SOCK_STREAM, 3)] if sys.platform == "linux" else [])


@pytest.mark.parametrize(
    ("number", "state", "said"),
    [
        (errno.EHOSTDOWN, State.LOST, f"No answer from {PHONE}."),
        (errno.ECONNREFUSED, State.LOST, f"{PHONE} has no serial port on channel 3."),
        (errno.EHOSTUNREACH, State.LOST, "No Bluetooth adapter is switched on."),
        (errno.EACCES, State.FAILED, f"{PHONE} does not let this computer in."),
        (errno.EAFNOSUPPORT, State.FAILED, "The system has no Bluetooth (RFCOMM)."),
        (errno.EINVAL, State.LOST, f"Cannot connect to {PHONE}: Invalid argument."),
    ],
)
async def test_why_it_does_not_connect_is_said(
    service: SerialService, sockets: None, monkeypatch: pytest.MonkeyPatch, number: int, state: State, said: str
) -> None:
    tried: list[object] = []

    async def fail(unconnected: socket.socket, address: object) -> socket.socket:
        tried.append(address)
        unconnected.close()
        raise OSError(number, "no")

    monkeypatch.setattr(rfcomm, "connect", fail)
    await service.open(Settings(f"bt://{PHONE.lower()}/3"))
    await until(lambda: service.status.reason, "a reason")
    assert service.status.state is state
    assert service.status.reason == said
    assert tried[0] == (PHONE, 3)
    assert (service.status.retry_at is not None) is (state is State.LOST)
