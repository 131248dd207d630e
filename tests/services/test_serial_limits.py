"""A deaf peer, many openings, a flood: nothing stalls, nothing leaks, nothing is lost unseen."""

from __future__ import annotations

import asyncio
import os
import random
import termios
import threading
import tty
from collections.abc import AsyncIterator, Iterator

import pytest

from opsterm.services.lines import Direction, Flag, Line
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.waiting import hold_up, settled, thread_turn, turns, until

PULLS = int(os.environ.get("OPSTERM_PULLS", "100"))
"""How often the cable is pulled; a thousand times takes half a minute."""
LINES = [f"{number:04} {'x' * 1000}" for number in range(300)]  # more than all buffers on the way take


@pytest.fixture
async def service(cable: Cable) -> AsyncIterator[SerialService]:
    service = SerialService()
    await service.open(Settings(cable.a))
    await is_open(service)
    yield service
    await service.close()


@pytest.fixture
def device(cable: Cable) -> Iterator[int]:
    fd = os.open(cable.b, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    yield fd
    os.close(fd)


async def is_open(service: SerialService) -> None:
    await until(lambda: service.status.state is State.LIVE, "port open")


def typed(service: SerialService) -> list[Line]:
    return [line for line in service.ring.since(0) if line.direction is Direction.TX]


async def blocked(service: SerialService) -> None:
    """Send all `LINES`, and wait until nothing moves any more."""
    for line in LINES:
        service.send(line)
    assert await settled(lambda: service.queued) > 0


async def test_a_deaf_peer_costs_nothing_but_the_queue(service: SerialService, device: int) -> None:
    await blocked(service)
    os.write(device, b"I talk and do not listen\n")
    await until(lambda: any(line.direction is Direction.RX for line in service.ring.since(0)), "a line received")
    assert service.status.state is State.LIVE
    sent = len(typed(service))
    assert sent < len(LINES)
    await service.stop()
    lines = typed(service)
    assert [line.text for line in lines] == LINES
    assert not any(line.flags & Flag.UNSENT for line in lines[:sent])
    assert all(line.flags & Flag.UNSENT for line in lines[sent:])


async def test_a_peer_that_listens_again_gets_everything_once(service: SerialService, device: int) -> None:
    await blocked(service)
    got = bytearray()

    def read() -> int:
        try:
            while data := os.read(device, 65536):
                got.extend(data)
        except BlockingIOError:
            pass
        return len(got)

    expected = "".join(f"{line}\r\n" for line in LINES).encode()
    await until(lambda: read() >= len(expected), "everything")
    assert got == expected
    await until(lambda: len(typed(service)) == len(LINES), "all Tx lines")
    assert service.queued == 0
    assert service.counters.tx_bytes == len(expected)


async def test_drain_waits_for_a_peer_and_not_for_a_lost_one(
    service: SerialService, device: int, cable: Cable
) -> None:
    await blocked(service)
    draining = asyncio.create_task(service.drain())
    await turns()
    assert not draining.done()
    cable.pull()
    await draining


async def test_lines_that_did_not_leave_before_a_loss_are_marked(
    service: SerialService, device: int, cable: Cable
) -> None:
    await blocked(service)
    cable.pull()
    await until(lambda: len(typed(service)) == len(LINES), "every typed line shown")
    assert [line.text for line in typed(service)] == LINES
    assert typed(service)[-1].flags & Flag.UNSENT


async def test_opening_and_closing_leaks_nothing(cable: Cable) -> None:
    service = SerialService()
    await service.open(Settings(cable.a))
    await is_open(service)
    await service.stop()
    fds, threads = set(os.listdir("/dev/fd")), threading.active_count()
    for _ in range(100):
        await service.start()
        await is_open(service)
        await service.stop()
    assert set(os.listdir("/dev/fd")) <= fds, "another test may have left one that was just closing"
    await until(lambda: threading.active_count() <= threads, "no thread left")
    assert len(asyncio.all_tasks()) == 1


async def test_losing_and_finding_leaks_nothing(service: SerialService, cable: Cable) -> None:
    fds, threads, tasks = len(os.listdir("/dev/fd")), threading.active_count(), len(asyncio.all_tasks())
    for _ in range(50):
        cable.pull()
        await until(lambda: service.status.state is State.LOST, "the loss")
        cable.plug()
        await is_open(service)
    assert service.counters.reconnects == 50
    await until(lambda: len(os.listdir("/dev/fd")) <= fds, "no descriptor left")
    await until(lambda: threading.active_count() <= threads, "no thread left")
    await until(lambda: len(asyncio.all_tasks()) <= tasks, "no task left")


async def test_nothing_that_was_read_is_lost_however_often_the_cable_is_pulled(
    service: SerialService, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_read = os.read
    read = bytearray()

    def noted_read(fd: int, size: int) -> bytes:
        data = really_read(fd, size)
        if threading.current_thread().name == "serial reader":
            read.extend(data)
        return data

    monkeypatch.setattr(os, "read", noted_read)
    chance = random.Random(5)
    for number in range(PULLS):
        with open(cable.b, "wb", buffering=0) as device:
            tty.setraw(device)
            for _ in range(chance.randrange(4)):
                device.write(b"%d %b" % (number, chance.choice([b"\n", b"", b"x" * 300, b"\ny\n"])))
                await chance.choice([turns, turns, thread_turn])()
            hold_up(chance.choice([0, 0, 0.005]))  # the loop is late
            cable.pull()
        await until(lambda: service.status.state is State.LOST, "the loss")
        cable.plug()
        await is_open(service)
    received = [line for line in service.ring.since(0) if line.direction is Direction.RX]
    ends = [b"" if line.flags & Flag.PARTIAL else b"\n" for line in received]
    assert b"".join(line.raw + end for line, end in zip(received, ends, strict=True)) == bytes(read)
    assert len(received) > PULLS // 2  # most of them had something to say, and were heard
    assert service.counters.gaps == PULLS


async def test_stopping_while_opening_leaks_nothing(cable: Cable) -> None:
    service = SerialService()
    fds, threads = set(os.listdir("/dev/fd")), threading.active_count()
    for _ in range(20):
        await service.open(Settings(cable.a))
        await turns()
        await service.stop()
    await until(lambda: threading.active_count() <= threads, "no thread left")
    await until(lambda: set(os.listdir("/dev/fd")) <= fds, "no descriptor left")


async def test_what_was_read_is_kept_when_the_loop_is_late(service: SerialService, device: int) -> None:
    data = "".join(f"{number}\n" for number in range(100_000)).encode()
    os.set_blocking(device, True)

    def write() -> None:
        rest = data
        while rest:
            rest = rest[os.write(device, rest) :]

    writer = threading.Thread(target=write)
    writer.start()
    writer.join()  # the loop is held up meanwhile, the reader is not
    await service.stop()
    got = "".join(f"{line.text}\n" for line in service.ring.since(0)).encode()
    assert len(got) > len(data) - 20_000  # what the ptys still hold nobody has read
    assert data.startswith(got.rstrip(b"\n"))


async def test_a_read_that_gives_nothing_is_no_loss() -> None:
    master, slave = os.openpty()
    service = SerialService()
    await service.open(Settings(os.ttyname(slave)))
    await is_open(service)
    attributes = termios.tcgetattr(slave)
    attributes[6][termios.VMIN] = 0  # as it is for a moment whenever pySerial changes a setting
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    for number in range(30):
        os.write(master, b"%03d%b\n" % (number, b"x" * 3000))
        await until(lambda: service.counters.lines > number, "the line")  # noqa: B023  asked before the next one
    assert service.status.state is State.LIVE
    assert service.counters.errors == 0
    await service.close()
    os.close(master)
    os.close(slave)
