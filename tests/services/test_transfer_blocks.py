"""XMODEM and YMODEM against lrzsz, both ways."""

from __future__ import annotations

import asyncio
import os
import random
import select
import subprocess
import threading
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from opsterm.services.lines import Direction, Flag, Line
from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.serial.transfer.errors import CancelledTransferError
from opsterm.services.serial.transfer.protocol import Protocol
from opsterm.services.serial.transfer.receive import BlockReceive
from opsterm.services.serial.transfer.send import send_file
from opsterm.services.service import State
from tests.cable import Cable
from tests.needs import need
from tests.waiting import turns, until

SIZES = [0, 1, 128, 1025, 70_000]


@pytest.fixture
async def service(cable: Cable) -> AsyncIterator[SerialService]:
    service = SerialService()
    await service.open(Settings(cable.a, 921_600))
    await until(lambda: service.status.state is State.LIVE, "port open")
    yield service
    await service.close()


Peer = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "peer").mkdir()
    return tmp_path / "peer"


@pytest.fixture
def peer(cable: Cable, folder: Path) -> Iterator[Peer]:
    """Starts a program of lrzsz at the other end, in `folder`.

    It gets pipes: of a terminal it would flush the output at its end, and its last answer with it.
    """
    need("sb", "rb", "sx", "rx")
    fd = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    bridges: list[Bridge] = []

    def start(*command: str, spoiled: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        bridges.append(Bridge(fd, command, folder, spoiled))
        return bridges[-1].process

    yield start
    for bridge in bridges:
        bridge.close()
    os.close(fd)


class Bridge(threading.Thread):
    """Joins a program and the line; of what passes it spoils the bytes at these places, each way."""

    def __init__(self, fd: int, command: tuple[str, ...], folder: Path, spoiled: tuple[int, ...] = ()) -> None:
        super().__init__(daemon=True)
        self.spoiled = spoiled
        self.passed = {"in": 0, "out": 0}
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self.fd = fd
        self.stop_read, self.stop_write = os.pipe()
        self.start()

    def run(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        said = self.process.stdout.fileno()
        while True:
            ready, _, _ = select.select([self.stop_read, self.fd, said], [], [])
            if self.stop_read in ready:
                return
            with suppress(BrokenPipeError):
                if self.fd in ready:
                    try:
                        os.write(self.process.stdin.fileno(), self.spoil("in", os.read(self.fd, 4096)))
                    except OSError:
                        return  # the cable is out, or the program has ended
                if said in ready:
                    data = os.read(said, 4096)
                    if not data:
                        return
                    os.write(self.fd, self.spoil("out", data))

    def spoil(self, way: str, data: bytes) -> bytes:
        start = self.passed[way]
        self.passed[way] += len(data)
        bad = bytearray(data)
        for place in self.spoiled:
            if start <= place < start + len(data):
                bad[place - start] ^= 0x55
        return bytes(bad)

    def close(self) -> None:
        os.close(self.stop_write)
        self.join()
        os.close(self.stop_read)
        self.process.kill()
        self.process.communicate()


def random_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def notes(service: SerialService) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is Direction.NOTE]


async def ended(process: subprocess.Popen[bytes]) -> int:
    await until(lambda: process.poll() is not None, "lrzsz at its end")
    return process.returncode


@pytest.mark.parametrize("size", SIZES[1:])
@pytest.mark.parametrize(
    ("protocol", "flags"), [(Protocol.XMODEM, []), (Protocol.XMODEM_CRC, ["-c"]), (Protocol.XMODEM_1K, ["-c"])]
)
async def test_xmodem_is_sent(
    service: SerialService, peer: Peer, folder: Path, tmp_path: Path, size: int, protocol: Protocol, flags: list[str]
) -> None:
    data = random_bytes(size)
    (tmp_path / "firmware.bin").write_bytes(data)
    receiver = peer("rx", "-b", *flags, "got")
    transfer = send_file(service, tmp_path / "firmware.bin", protocol)
    await transfer.run()
    assert await ended(receiver) == 0
    got = (folder / "got").read_bytes()
    assert got[:size] == data
    assert got[size:] == b"\x1a" * (len(got) - size)
    assert (transfer.done, transfer.total) == (size, size)
    assert notes(service)[0].startswith("sent firmware.bin, ")
    assert notes(service)[0].endswith(f", {protocol.value}")
    assert len(service.ring) == 1


@pytest.mark.parametrize("size", SIZES)
async def test_ymodem_is_sent_with_its_name_and_size(
    service: SerialService, peer: Peer, folder: Path, tmp_path: Path, size: int
) -> None:
    data = random_bytes(size)
    (tmp_path / "firmware v2.bin").write_bytes(data)
    receiver = peer("rb", "-b")
    await send_file(service, tmp_path / "firmware v2.bin", Protocol.YMODEM).run()
    assert await ended(receiver) == 0
    assert (folder / "firmware v2.bin").read_bytes() == data


@pytest.mark.parametrize("size", SIZES[1:])
@pytest.mark.parametrize(
    ("protocol", "flags"), [(Protocol.XMODEM, []), (Protocol.XMODEM_CRC, []), (Protocol.XMODEM_CRC, ["-k"])]
)
async def test_xmodem_is_received(
    service: SerialService, peer: Peer, folder: Path, tmp_path: Path, size: int, protocol: Protocol, flags: list[str]
) -> None:
    data = random_bytes(size)
    (folder / "log.bin").write_bytes(data)
    sender = peer("sx", "-b", *flags, "log.bin")
    transfer = BlockReceive(service, tmp_path, protocol, "mine.bin")
    await transfer.run()
    assert await ended(sender) == 0
    got = (tmp_path / "mine.bin").read_bytes()
    assert got[:size] == data
    assert got[size:] == b"\x1a" * (len(got) - size)
    assert notes(service)[0].startswith("received mine.bin, ")


async def test_ymodem_is_received_as_many_as_there_are(
    service: SerialService, peer: Peer, folder: Path, tmp_path: Path
) -> None:
    into = tmp_path / "into"
    into.mkdir()
    (into / "f1025").write_bytes(b"mine")
    for size in SIZES:
        (folder / f"f{size}").write_bytes(random_bytes(size))
    sender = peer("sb", "-b", *(f"f{size}" for size in SIZES))
    transfer = BlockReceive(service, into, Protocol.YMODEM)
    await transfer.run()
    assert await ended(sender) == 0
    names = ["f1025-1" if size == 1025 else f"f{size}" for size in SIZES]
    assert [path.name for path in transfer.files] == names
    assert [(into / name).read_bytes() for name in names] == [random_bytes(size) for size in SIZES]
    assert (into / "f1025").read_bytes() == b"mine"
    assert transfer.done == sum(SIZES)
    assert notes(service)[0].startswith(f"received {len(SIZES)} files, ")
    assert not [line for line in service.ring.since(0) if line.direction is Direction.RX]


SPOILED = (700, 2_500, 2_501, 6_000)


async def test_a_line_that_spoils_bytes_spoils_no_file_that_is_sent(
    service: SerialService, peer: Peer, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "small").write_bytes(random_bytes(10_000))
    receiver = peer("rb", "-b", spoiled=SPOILED)
    await send_file(service, tmp_path / "small", Protocol.YMODEM).run()
    assert await ended(receiver) == 0
    assert (folder / "small").read_bytes() == random_bytes(10_000)


async def test_a_line_that_spoils_bytes_spoils_no_file_that_is_received(
    service: SerialService, peer: Peer, folder: Path, tmp_path: Path
) -> None:
    (folder / "small").write_bytes(random_bytes(10_000))
    sender = peer("sb", "-b", "-k", "small", spoiled=SPOILED)
    await BlockReceive(service, tmp_path, Protocol.YMODEM).run()
    assert await ended(sender) == 0
    assert (tmp_path / "small").read_bytes() == random_bytes(10_000)


async def test_lines_come_back_when_it_is_over(
    service: SerialService, peer: Peer, folder: Path, tmp_path: Path, cable: Cable
) -> None:
    (tmp_path / "small").write_bytes(random_bytes(3000))
    fd = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
    os.write(fd, b"ready for XMODEM: C")
    await until(lambda: len(service.ring), "the prompt")
    transfer = send_file(service, tmp_path / "small", Protocol.XMODEM_1K)
    running = asyncio.create_task(transfer.run())
    await turns()
    with pytest.raises(BadSettingError, match="the port is busy with small"):
        service.send("now")
    os.write(fd, b"Come on, CAN you hear me?\r\n")
    await ended(peer("rx", "-b", "-c", "got"))
    await running
    os.write(fd, b"thank you\r\n")
    await until(lambda: any(line.text == "thank you" for line in service.ring.since(0)), "a line after it")
    os.close(fd)
    texts = [line.text for line in service.ring.since(0) if line.direction is Direction.RX]
    assert texts == ["ready for XMODEM: C", "thank you"]


@pytest.mark.parametrize("protocol", [Protocol.XMODEM, Protocol.XMODEM_1K, Protocol.YMODEM])
async def test_cancelling_a_sender_ends_both(
    service: SerialService, peer: Peer, tmp_path: Path, protocol: Protocol
) -> None:
    (tmp_path / "big").write_bytes(random_bytes(20_000_000))
    receiver = peer("rb", "-b") if protocol is Protocol.YMODEM else peer("rx", "-b", "-c", "got")
    transfer = send_file(service, tmp_path / "big", protocol)
    running = asyncio.create_task(transfer.run())
    await until(lambda: transfer.done > 20_000, "begun")
    transfer.cancel()
    with pytest.raises(CancelledTransferError):
        await running
    assert await ended(receiver) != 0
    assert notes(service)[0].startswith("big not sent: cancelled, ")
    assert service.send("next")


async def test_cancelling_a_receiver_ends_both(
    service: SerialService, peer: Peer, folder: Path, tmp_path: Path
) -> None:
    (folder / "big").write_bytes(random_bytes(20_000_000))
    sender = peer("sb", "-b", "-k", "big")
    transfer = BlockReceive(service, tmp_path, Protocol.YMODEM)
    running = asyncio.create_task(transfer.run())
    await until(lambda: transfer.done > 20_000, "begun")
    assert (transfer.name, transfer.total) == ("big", 20_000_000)
    transfer.cancel()
    with pytest.raises(CancelledTransferError):
        await running
    assert await ended(sender) != 0
    assert not (tmp_path / "big").exists()


async def test_cancelling_does_not_wait_for_a_device_that_takes_nothing(
    service: SerialService, cable: Cable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small").write_bytes(random_bytes(3000))
    fd = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    link = service._link
    assert link
    written: list[bytes] = []
    write = link.write

    def watch(data: bytes, line: Line) -> None:
        written.append(data)
        write(data, line)

    monkeypatch.setattr(link, "write", watch)
    for _ in range(100):
        service.send("x" * 1_000)
    transfer = send_file(service, tmp_path / "small", Protocol.XMODEM)
    running = asyncio.create_task(transfer.run())
    await turns()
    os.write(fd, b"C")
    await until(lambda: written[-1].startswith(b"\x01\x01"), "the first block in the queue")
    transfer.cancel()
    with pytest.raises(CancelledTransferError):
        await running
    assert service.queued < 50
    lines = [line for line in service.ring.since(0) if line.direction is Direction.TX]
    assert len(lines) == 100
    assert lines[-1].flags & Flag.UNSENT
    os.close(fd)


async def test_the_other_side_may_cancel(service: SerialService, cable: Cable, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(random_bytes(3000))
    fd = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    for run in (
        send_file(service, tmp_path / "small", Protocol.YMODEM),
        BlockReceive(service, tmp_path, Protocol.XMODEM),
    ):
        running = asyncio.create_task(run.run())
        await turns()
        os.write(fd, b"\x18" * 10 + b"\b" * 10)
        with pytest.raises(CancelledTransferError, match=r"Cancelled by the other side\."):
            await running
    os.close(fd)
    assert not (tmp_path / "received.bin").exists()


async def test_a_pulled_cable_ends_it(service: SerialService, peer: Peer, tmp_path: Path, cable: Cable) -> None:
    (tmp_path / "big").write_bytes(random_bytes(20_000_000))
    peer("rx", "-b", "-c", "got")
    transfer = send_file(service, tmp_path / "big", Protocol.XMODEM_1K)
    running = asyncio.create_task(transfer.run())
    await until(lambda: transfer.done > 20_000, "begun")
    cable.pull()
    with pytest.raises(SerialError, match="Device disconnected"):
        await running
    assert any(text.startswith("big not sent: device disconnected") for text in notes(service))
    cable.plug()
    await until(lambda: service.status.state is State.LIVE, "open again")


async def test_a_folder_that_is_not_there(service: SerialService, peer: Peer, folder: Path, tmp_path: Path) -> None:
    (folder / "a").write_bytes(b"a")
    sender = peer("sb", "-b", "a")
    with pytest.raises(SerialError, match=r"Cannot write to .*/none: No such file or directory\."):
        await BlockReceive(service, tmp_path / "none", Protocol.YMODEM).run()
    assert await ended(sender) != 0
