"""A Bluetooth port is open only when the other side is there."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from opsterm.services.serial import carrier
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.waiting import until


@pytest.fixture
def port(tmp_path: Path) -> Iterator[str]:
    with Cable(tmp_path) as cable:
        (tmp_path / "rfcomm0").symlink_to(cable.a)
        yield f"{tmp_path}/rfcomm0"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the line for carrier detect says, one answer for each time it is asked; the last one for ever."""
    answers = [False]
    monkeypatch.setattr(carrier, "has_carrier", lambda _: answers.pop(0) if len(answers) > 1 else answers[0])
    return answers


@pytest.fixture
async def service() -> AsyncIterator[SerialService]:
    service = SerialService()
    yield service
    await service.close()


def test_only_rfcomm_needs_it(port: str) -> None:
    assert carrier.needs_carrier(port)
    assert carrier.needs_carrier("/dev/rfcomm3")
    assert not carrier.needs_carrier("/dev/ttyUSB0")


async def test_the_port_is_open_when_the_other_side_is_there(
    service: SerialService, port: str, asked: list[bool]
) -> None:
    await service.open(Settings(port))
    asked[:] = [False, False, True]
    await until(lambda: len(asked) == 1, "asked three times")
    await until(lambda: service.status.state is State.LIVE, "the port open")


async def test_a_port_without_that_line_is_open_at_once(service: SerialService, port: str) -> None:
    await service.open(Settings(port))
    await until(lambda: service.status.state is State.LIVE, "the port open")


async def test_nobody_there_is_said_and_tried_again(
    service: SerialService, port: str, asked: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "_SECONDS", 0.0)
    fds = set(os.listdir("/dev/fd"))
    await service.open(Settings(port))
    await until(lambda: service.status.state is State.LOST, "the failure")
    assert service.status.reason == f"No answer through {port}."
    assert service.status.retry_at
    asked[:] = [True]
    await until(lambda: service.status.state is State.LIVE, "the port open")
    assert not len(service.ring)
    await service.stop()
    assert set(os.listdir("/dev/fd")) <= fds


async def test_it_can_be_stopped_meanwhile(service: SerialService, port: str, asked: list[bool]) -> None:
    fds, threads = set(os.listdir("/dev/fd")), threading.active_count()
    asked[:] = [False] * 3
    await service.open(Settings(port))
    await until(lambda: len(asked) == 1, "the wait for the other side")
    await service.stop()
    assert set(os.listdir("/dev/fd")) <= fds
    await until(lambda: threading.active_count() == threads, "no thread left")
