"""Sending a file as it is, and having the port for one alone meanwhile."""

from __future__ import annotations

import asyncio
import os
import random
import tty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from opsterm.services.lines import Direction, Flag
from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.serial.transfer.errors import CancelledTransferError
from opsterm.services.serial.transfer.raw import RawSend
from opsterm.services.serial.transfer.transfer import in_units
from opsterm.services.service import State
from tests.cable import Cable
from tests.waiting import turns, until


@pytest.fixture
async def service(cable: Cable) -> AsyncIterator[SerialService]:
    service = SerialService()
    await service.open(Settings(cable.a, 921_600))
    await until(lambda: service.status.state is State.LIVE, "port open")
    yield service
    await service.close()


class Device:
    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        self.got = bytearray()

    def read(self) -> int:
        """Take what has come; how much that is in all."""
        try:
            while data := os.read(self.fd, 65536):
                self.got += data
        except BlockingIOError:
            pass
        return len(self.got)


@pytest.fixture
def device(cable: Cable) -> Iterator[Device]:
    device = Device(cable.b)
    yield device
    os.close(device.fd)


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    path = tmp_path / "firmware.bin"
    path.write_bytes(random.Random(3).randbytes(1_500_000))
    return path


def notes(service: SerialService) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is Direction.NOTE]


async def test_every_byte_arrives(service: SerialService, device: Device, firmware: Path) -> None:
    transfer = RawSend(service, firmware)
    running = asyncio.create_task(transfer.run())
    await until(lambda: device.read() >= 500_000, "a third of it")
    assert (transfer.name, transfer.total) == ("firmware.bin", 1_500_000)
    assert 400_000 < transfer.done <= transfer.total
    assert transfer.rate > 0
    os.write(device.fd, b"taking it\n")
    await until(lambda: any(line.text == "taking it" for line in service.ring.since(0)), "a line received meanwhile")
    await until(lambda: device.read() >= 1_500_000, "all of it")
    await running
    assert device.got == firmware.read_bytes()
    assert transfer.done == service.counters.tx_bytes == 1_500_000
    assert [line.direction for line in service.ring.since(0)] == [Direction.RX, Direction.NOTE]
    assert notes(service)[0].startswith("sent firmware.bin, 1.5 MB in ")
    assert notes(service)[0].endswith("/s), raw")


async def test_typed_lines_are_refused_until_it_is_over(
    service: SerialService, device: Device, firmware: Path
) -> None:
    transfer = RawSend(service, firmware)
    running = asyncio.create_task(transfer.run())
    await until(lambda: transfer.done, "begun")
    with pytest.raises(BadSettingError, match=r"Not sent: the port is busy with firmware\.bin\."):
        service.send("in between")
    with pytest.raises(SerialError, match=r"The port is busy with firmware\.bin\."):
        await RawSend(service, firmware).run()
    transfer.cancel()
    with pytest.raises(CancelledTransferError):
        await running
    service.send("after")
    await until(lambda: device.read() and device.got.endswith(b"after\r\n"), "the line after it")


async def test_cancelling_leaves_nothing_queued(service: SerialService, device: Device, firmware: Path) -> None:
    transfer = RawSend(service, firmware)
    running = asyncio.create_task(transfer.run())
    await until(lambda: service.queued and transfer.done, "a device that takes no more")
    before = transfer.done
    await turns()
    assert transfer.done == before
    transfer.cancel()
    with pytest.raises(CancelledTransferError):
        await running
    assert service.queued == 0
    assert service.counters.tx_bytes < 100_000
    service.send("end")
    await until(lambda: device.read() and device.got.endswith(b"end\r\n"), "the next line")
    sent = device.got.removesuffix(b"end\r\n")
    assert firmware.read_bytes().startswith(sent[:4096])
    assert len(sent) <= service.counters.tx_bytes
    note = next(text for text in notes(service) if text.startswith("firmware.bin not sent: cancelled, "))
    assert note.endswith(" of 1.5 MB done, raw")
    assert not any(line.flags & Flag.UNSENT for line in service.ring.since(0))


async def test_a_pulled_cable_ends_it_and_the_port_comes_back(
    service: SerialService, device: Device, firmware: Path, cable: Cable
) -> None:
    transfer = RawSend(service, firmware)
    running = asyncio.create_task(transfer.run())
    await until(lambda: service.queued and transfer.done, "a device that takes no more")
    cable.pull()
    with pytest.raises(SerialError, match="Device disconnected"):
        await running
    assert any(text.startswith("firmware.bin not sent: device disconnected") for text in notes(service))
    assert not [line for line in service.ring.since(0) if line.direction is Direction.TX]
    cable.plug()
    await until(lambda: service.status.state is State.LIVE, "open again")
    again = Device(cable.b)
    service.send("now")
    await until(lambda: again.read() and again.got == b"now\r\n", "a line, and nothing before it")
    os.close(again.fd)


async def test_whoever_runs_it_may_be_cancelled(service: SerialService, device: Device, firmware: Path) -> None:
    transfer = RawSend(service, firmware)
    running = asyncio.create_task(transfer.run())
    await until(lambda: service.queued and transfer.done, "a device that takes no more")
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert notes(service)[0].startswith("firmware.bin not sent: cancelled, ")
    assert service.queued <= 4096
    assert service.send("next")


async def test_a_socket_takes_it_too(firmware: Path) -> None:
    got = bytearray()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            got.extend(data)
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    service = SerialService()
    await service.open(Settings(f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    await until(lambda: service.status.state is State.LIVE, "port open")
    await RawSend(service, firmware).run()
    await until(lambda: len(got) == 1_500_000, "all of it")
    assert got == firmware.read_bytes()
    assert not [line for line in service.ring.since(0) if line.direction is Direction.TX]
    await service.close()
    server.close()


async def test_closing_the_port_ends_it(service: SerialService, device: Device, firmware: Path) -> None:
    transfer = RawSend(service, firmware)
    running = asyncio.create_task(transfer.run())
    await until(lambda: service.queued and transfer.done, "a device that takes no more")
    await service.stop()
    with pytest.raises(SerialError, match=r"The port was closed\."):
        await running


async def test_what_cannot_be_sent(service: SerialService, tmp_path: Path) -> None:
    with pytest.raises(SerialError, match=r"Cannot read .*/none: No such file or directory\."):
        await RawSend(service, tmp_path / "none").run()
    with pytest.raises(SerialError, match=r"Cannot read .*: Is a directory\."):
        await RawSend(service, tmp_path).run()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SerialError, match=r"Cannot read .*/pipe: Not a file\."):
        await RawSend(service, tmp_path / "pipe").run()
    (tmp_path / "empty").touch()
    await RawSend(service, tmp_path / "empty").run()
    assert notes(service)[-1].startswith("sent empty, 0 B in ")
    await service.stop()
    with pytest.raises(SerialError, match="no port is open"):
        await RawSend(service, tmp_path / "empty").run()


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (120_000, "120.0 kB"), (1_500_000, "1.5 MB"), (4e9, "4.0 GB")]
)
def test_sizes_are_in_decimal_units(size: float, words: str) -> None:
    assert in_units(size) == words
