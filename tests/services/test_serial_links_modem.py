"""The lines beside the data, and the rate that the driver makes of ours."""

from __future__ import annotations

import errno
import os
import termios
from collections.abc import AsyncIterator

import pytest

from opsterm.services.lines import Direction
from opsterm.services.serial import modem as modems
from opsterm.services.serial.choose import changed
from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.serial.links import tty, tty_modem
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.waiting import until


class Board:
    """In place of a driver: its lines, and what was done to them in which order."""

    done: list[str]

    def __init__(self, _: object) -> None:
        Board.done = []
        self._lines = {"dtr": True, "rts": True}

    def read(self) -> modems.ModemLines:
        return modems.ModemLines(self._lines["dtr"], self._lines["rts"], cts=True, dsr=False, cd=False, ri=False)

    def set(self, name: str, on: bool) -> None:
        if name == "rts":
            raise OSError(errno.EINVAL, "no")
        self._lines[name] = on
        Board.done.append(f"{name} {on}")

    def hold_break(self, seconds: float) -> None:
        Board.done.append(f"break {seconds}")


@pytest.fixture
async def service() -> AsyncIterator[SerialService]:
    service = SerialService()
    yield service
    await service.close()


async def opened(service: SerialService, settings: Settings) -> None:
    await service.open(settings)
    await until(lambda: service.status.state is State.LIVE, "port open")


def notes(service: SerialService) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is Direction.NOTE]


async def test_a_pty_has_no_lines(service: SerialService, cable: Cable) -> None:
    assert await service.read_lines() is None
    with pytest.raises(SerialError, match="Not possible while no port is open"):
        await service.set_line("dtr", False)
    await opened(service, Settings(cable.a, dtr=False, rts=False))
    assert await service.read_lines() is None
    with pytest.raises(SerialError, match=f"{cable.a} does not support DTR"):
        await service.set_line("dtr", True)
    with pytest.raises(BadSettingError, match="Invalid line 'cts': dtr or rts"):
        await service.set_line("cts", True)
    assert not notes(service)


async def test_lines_are_switched_pulsed_and_read(
    service: SerialService, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tty, "TtyModem", Board)
    await opened(service, Settings(cable.a))
    await service.set_line("dtr", False)
    assert await service.read_lines() == modems.ModemLines(False, True, True, False, False, False)
    assert service.settings == Settings(cable.a, dtr=False)
    await service.pulse("dtr", 0.001)
    await service.send_break(0.002)
    assert Board.done == ["dtr False", "dtr True", "dtr False", "break 0.002"]
    assert notes(service) == ["DTR off", "DTR on for 1 ms", "BREAK 2 ms"]
    with pytest.raises(SerialError, match=f"{cable.a} does not support RTS"):
        await service.set_line("rts", False)
    await service.retune(Settings(cable.a, 9600))
    assert Board.done[-1] == "dtr True"


def test_the_bits_of_the_driver_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    on = termios.TIOCM_RTS | termios.TIOCM_DSR | termios.TIOCM_RNG
    monkeypatch.setattr(tty_modem.fcntl, "ioctl", lambda *_: on.to_bytes(4, "little"))

    class Port:
        def fileno(self) -> int:
            return 0

    lines = tty_modem.TtyModem(Port()).read()  # type: ignore[arg-type]
    assert lines == modems.ModemLines(dtr=False, rts=True, cts=False, dsr=True, cd=False, ri=True)


@pytest.mark.parametrize("hang_up", [True, False])
async def test_closing_drops_the_lines_only_where_it_may(service: SerialService, cable: Cable, hang_up: bool) -> None:
    await opened(service, Settings(cable.a, hang_up=hang_up))
    fd = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
    port = service._link._port.fileno()  # type: ignore[union-attr]
    assert bool(termios.tcgetattr(port)[2] & termios.HUPCL) is hang_up
    os.close(fd)


async def test_a_rounded_rate_is_said(service: SerialService, cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tty, "actual_baud", lambda _: 1_000_000)
    await opened(service, Settings(cable.a, 921600))
    said = "The driver uses 1000000 instead of 921600 (8.5 % off)."
    await until(lambda: notes(service) == [said], "the rate")
    await service.retune(Settings(cable.a, 1_000_000))
    assert notes(service) == [said]


async def test_the_rate_of_a_pty_is_read_back(service: SerialService, cable: Cable) -> None:
    await opened(service, Settings(cable.a, 123_456))
    assert service._link
    assert await service._link.actual_baud() == 123_456
    assert not notes(service)


def test_lines_are_chosen_by_words() -> None:
    assert changed(Settings("x"), "dtr", "off") == Settings("x", dtr=False)
    assert changed(Settings("x"), "hang_up", "off") == Settings("x", hang_up=False)
    with pytest.raises(BadSettingError, match="Invalid value 'no' for HANG UP: on or off"):
        changed(Settings("x"), "hang_up", "no")
