"""Many lines with pauses between them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import pytest

from opsterm.services.lines import Direction, Flag, Line
from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.serial.pacing import PacedLines
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.serial.transfer.errors import CancelledTransferError
from opsterm.services.service import State
from tests.cable import Cable
from tests.device import Device
from tests.waiting import until

LINES = [f"line {number}" for number in range(2_000)]


@pytest.fixture
async def service(cable: Cable) -> AsyncIterator[SerialService]:
    service = SerialService()
    await service.open(Settings(cable.a))
    await until(lambda: service.status.state is State.LIVE, "port open")
    yield service
    await service.close()


@pytest.fixture
def device(cable: Cable) -> Iterator[Device]:
    device = Device(cable.b)
    yield device
    os.close(device.fd)


def typed(service: SerialService) -> list[Line]:
    return [line for line in service.ring.since(0) if line.direction is Direction.TX]


async def test_all_lines_leave_in_order(service: SerialService, device: Device) -> None:
    pacing = PacedLines(service, [*LINES, b"\xff", ""])
    running = asyncio.create_task(pacing.run())
    expected = "".join(f"{line}\r\n" for line in LINES).encode() + b"\xff\r\n\r\n"
    await until(lambda: device.read() == expected, "all lines")
    assert not await running
    assert (pacing.sent, pacing.left, pacing.failure) == (2_002, 0, None)
    assert [line.text for line in typed(service)[:-2]] == LINES
    assert service.counters.tx_bytes == len(expected)


async def test_characters_leave_one_by_one_and_make_one_line(
    service: SerialService, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    link = service._link
    assert link
    write = link.write

    def watch(data: bytes, line: Line) -> None:
        written.append(data)
        write(data, line)

    monkeypatch.setattr(link, "write", watch)
    await PacedLines(service, ["AT", "é"], char_seconds=0.001).run()
    assert written == [b"A", b"T", b"\r", b"\n", b"\xc3", b"\xa9", b"\r", b"\n"]
    await until(lambda: device.read() == "AT\r\né\r\n".encode(), "both lines")
    assert [line.text for line in service.ring.since(0)] == ["AT", "é"]
    assert typed(service)[0].first_ns
    assert service.counters.tx_bytes == 8


async def test_bytes_leave_without_an_ending_where_that_is_meant(service: SerialService, device: Device) -> None:
    await PacedLines(service, [b"\xaa\x55", b"\x0d"], char_seconds=0.001, bare=True).run()
    await until(lambda: device.read() == b"\xaa\x55\x0d", "these bytes")
    assert service.counters.tx_bytes == 3
    assert len(typed(service)) == 2


async def test_a_pause_is_between_lines_and_lines_are_refused_in_it(service: SerialService, device: Device) -> None:
    pacing = PacedLines(service, LINES, line_seconds=3600)
    running = asyncio.create_task(pacing.run())
    await until(lambda: device.read() == b"line 0\r\n", "the first line")
    with pytest.raises(BadSettingError, match=r"the port is busy with 2,000 lines"):
        service.send("in between")
    assert (pacing.sent, pacing.left) == (1, 1_999)
    pacing.cancel()
    assert await running == LINES[1:]
    assert isinstance(pacing.failure, CancelledTransferError)
    assert service.ring[service.ring.next_seq - 1].text == "1,999 of 2,000 lines not sent: cancelled"
    service.send("after")
    await until(lambda: device.read() == b"line 0\r\nafter\r\n", "the next line, and nothing between")


@pytest.mark.parametrize("pause", [0.0, 3600.0])
async def test_what_was_not_sent_when_the_port_was_lost_is_handed_back(
    service: SerialService, device: Device, cable: Cable, pause: float
) -> None:
    lines = [line * 20 for line in LINES]
    pacing = PacedLines(service, lines, line_seconds=pause)
    running = asyncio.create_task(pacing.run())
    await until(lambda: pacing.sent and (pause or service.queued), "a device that takes no more, or a pause")
    cable.pull()
    rest = await running
    assert list(rest) == lines[pacing.sent :]
    assert pacing.failure
    assert pacing.failure.reason.startswith("Device disconnected")
    sent = [line.text for line in typed(service) if not line.flags & Flag.UNSENT]
    assert sent == lines[: pacing.sent]
    cable.plug()
    await until(lambda: service.status.state is State.LIVE, "open again")
    again = Device(cable.b)
    service.send("now")
    await until(lambda: again.read() == b"now\r\n", "a line, and nothing before it")
    os.close(again.fd)


async def test_a_line_that_left_in_part_is_marked(service: SerialService, device: Device, cable: Cable) -> None:
    pacing = PacedLines(service, ["abc", "def"], char_seconds=3600)
    running = asyncio.create_task(pacing.run())
    await until(lambda: device.read() == b"a", "the first character")
    cable.pull()
    assert list(await running) == ["abc", "def"]
    assert [(line.text, bool(line.flags & Flag.UNSENT)) for line in typed(service)] == [("abc", True)]


async def test_nothing_is_sent_where_not_all_can_be(service: SerialService, device: Device, cable: Cable) -> None:
    await service.retune(Settings(cable.a, encoding="latin-1"))
    with pytest.raises(BadSettingError, match="latin-1 has no '✓'"):
        await PacedLines(service, ["fine", "✓"]).run()
    await service.stop()
    with pytest.raises(SerialError, match="no port is open"):
        await PacedLines(service, ["fine"]).run()
    assert device.read() == b""
