"""A device that comes back under another name is open again there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from opsterm.services.lines import Direction
from opsterm.services.serial.links import find
from opsterm.services.serial.ports import Presence
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.waiting import until


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cable, Cable]]:
    """Two places for the adapter with serial number 0001, which is at the first."""
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    cables = Cable(tmp_path / "1"), Cable(tmp_path / "2")

    def present_ports() -> list[Presence]:
        there = [cable.a for cable in cables if Path(cable.a).exists()]
        return [
            Presence(
                path, "usb:0403:6001:0001", "", "0001", (Path(path).lstat().st_ino, Path(path).lstat().st_ctime_ns)
            )
            for path in there
        ]

    monkeypatch.setattr(find, "present_ports", present_ports)
    monkeypatch.setattr(find, "ANY_PORT", f"{tmp_path}/2/new")
    cables[0].plug()
    yield cables
    for cable in cables:
        cable.pull()


@pytest.fixture
async def service() -> AsyncIterator[SerialService]:
    service = SerialService()
    yield service
    await service.close()


@pytest.mark.parametrize("name", [lambda cable: cable.a, lambda _: "usb:0403:6001:0001", lambda _: "auto:latest"])
async def test_it_is_open_again_where_it_is_now(
    service: SerialService, places: tuple[Cable, Cable], name: Callable[[Cable], str]
) -> None:
    first, second = places
    await service.open(Settings(name(first)))
    await until(lambda: service.status.state is State.LIVE, "the port open")
    assert service.device == first.a
    first.pull()
    await until(lambda: service.status.state is State.LOST, "the loss")
    second.plug()
    await until(lambda: service.status.state is State.LIVE, "the port open elsewhere")
    assert service.device == second.a
    notes = [line.text for line in service.ring.since(0) if line.direction is Direction.NOTE]
    assert notes[0] == "lost: device disconnected"
    assert notes[1].startswith(f"open again as {second.a} (same serial 0001), gap ")


async def test_the_next_new_port_is_opened(service: SerialService, places: tuple[Cable, Cable]) -> None:
    await service.open(Settings("auto:new"))
    await until(lambda: service.status.reason, "a reason")
    assert service.status.reason == "No new port yet: plug the device in."
    places[1].plug()
    await until(lambda: service.status.state is State.LIVE, "the port open")
    assert service.device == places[1].a


async def test_a_name_written_wrongly_is_said(service: SerialService) -> None:
    await service.open(Settings("usb:nonsense"))
    await until(lambda: service.status.state is State.FAILED, "the failure")
    assert service.status.reason == "Invalid name 'usb:nonsense'."
