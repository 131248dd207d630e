"""Macros on an open port."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import pytest

from opsterm.services.lines import Direction
from opsterm.services.serial.links import tty as tty_link
from opsterm.services.serial.macros import BadMacroError, Macro, Mode, parse_texts
from opsterm.services.serial.macros_run import MacroRun
from opsterm.services.serial.modem import ModemLines
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.device import Device
from tests.waiting import until


@pytest.fixture
async def service(cable: Cable, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SerialService]:
    monkeypatch.setattr(tty_link, "TtyModem", Board)
    service = SerialService()
    await service.open(Settings(cable.a))
    await until(lambda: service.status.state is State.LIVE, "port open")
    yield service
    await service.close()


class Board:
    """In place of a driver: what was done to its lines."""

    done: list[str]

    def __init__(self, _: object) -> None:
        Board.done = []

    def read(self) -> ModemLines | None:
        return None

    def set(self, name: str, on: bool) -> None:
        Board.done.append(f"{name} {on}")

    def hold_break(self, seconds: float) -> None:
        Board.done.append(f"break {seconds}")


@pytest.fixture
def device(cable: Cable) -> Iterator[Device]:
    device = Device(cable.b)
    yield device
    os.close(device.fd)


def macro(*texts: str, mode: Mode = Mode.TEXT, every_ms: int = 0) -> Macro:
    return Macro("m", parse_texts(texts, mode), mode, every_ms=every_ms)


def notes(service: SerialService) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is Direction.NOTE]


async def test_it_waits_for_the_answer(service: SerialService, device: Device) -> None:
    run = MacroRun(macro("AT+{1}${wait /OK/ 30s}${delay 1}NEXT", "${dtr 0}${break 1}${rts 1}LAST"), service, ["X"])
    running = asyncio.create_task(run.run())
    await until(lambda: device.read() == b"AT+X\r\n", "the first line")
    os.write(device.fd, b"OK\r\n")
    assert await running == ""
    await until(lambda: device.read() == b"AT+X\r\nNEXT\r\nLAST\r\n", "all lines")
    assert Board.done == ["dtr False", "break 0.001", "rts True"]
    assert run.count == 1
    assert notes(service) == ["DTR off", "BREAK 1 ms", "RTS on"]


async def test_it_is_repeated_until_it_is_stopped(service: SerialService, device: Device) -> None:
    run = MacroRun(macro("55 0A", mode=Mode.HEX, every_ms=10), service)
    running = asyncio.create_task(run.run())
    await until(lambda: run.count >= 3, "three times")
    run.stop()
    assert await running == ""
    sent = run.count
    await until(lambda: device.read().count(b"U\n") >= sent, "all of them")
    service.send("end")
    await until(lambda: device.read().endswith(b"end\r\n"), "the end")
    assert device.got.count(b"U\n") in (sent, sent + 1)  # one may have left whose time was not counted any more
    assert not notes(service)


async def test_one_failure_ends_the_repeat(service: SerialService, device: Device) -> None:
    run = MacroRun(macro("AT${wait /OK/ 1ms}", every_ms=10), service)
    assert await run.run() == "Step 2: no 'OK' within 0.001 s."
    assert run.count == 0
    assert notes(service) == ["macro m ended: step 2: no 'OK' within 0.001 s."]
    await until(lambda: device.read() == b"AT\r\n", "one line")


async def test_a_line_that_the_port_does_not_have_is_a_failure(cable: Cable, device: Device) -> None:
    service = SerialService()
    await service.open(Settings(cable.a))
    await until(lambda: service.status.state is State.LIVE, "port open")
    assert await MacroRun(macro("${dtr 1}"), service).run() == f"Step 1: {cable.a} does not support DTR."
    await service.close()


async def test_a_lost_port_ends_it_and_it_stays_so(service: SerialService, device: Device, cable: Cable) -> None:
    run = MacroRun(macro("AT${wait /OK/ 3600s}THEN", every_ms=10), service)
    running = asyncio.create_task(run.run())
    await until(lambda: device.read() == b"AT\r\n", "the first line")
    cable.pull()
    assert await running == "The port is not open."
    assert notes(service)[-1] == "macro m ended: the port is not open."
    cable.plug()
    await until(lambda: service.status.state is State.LIVE, "open again")
    again = Device(cable.b)
    service.send("now")
    await until(lambda: again.read() == b"now\r\n", "a line, and nothing before it")
    os.close(again.fd)


async def test_what_cannot_be_played(service: SerialService, device: Device) -> None:
    with pytest.raises(BadMacroError, match="m takes 1 parameter, not 0"):
        MacroRun(macro("{1}"), service)
    failure = await MacroRun(macro("{1}", mode=Mode.HEX), service, ["XY"]).run()
    assert failure == "Not sent: 'XY' is no pair of hexadecimal digits at character 1."
    with service.occupy("firmware.bin"):
        assert await MacroRun(macro("AT"), service).run() == "Step 1: Not sent: the port is busy with firmware.bin."
    await service.stop()
    assert await MacroRun(macro("AT"), service).run() == "The port is not open."
    assert device.read() == b""
