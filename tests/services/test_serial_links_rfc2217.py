"""A port of another machine through ser2net, with its rate."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
import tty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from opsterm.services.lines import Direction, Flag
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.needs import need
from tests.waiting import until

OPTIONS = "?ign_set_control"  # ser2net does not answer for the lines of a pty, which has none


class Ser2net:
    """ser2net in front of one end of a cable; `device` is the other end, held open."""

    def __init__(self, folder: Path) -> None:
        self._cable = Cable(folder)
        self._config = folder / "ser2net.yaml"
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"rfc2217://127.0.0.1:{self.port}{OPTIONS}"
        self._cable.plug()
        self.device = os.open(self._cable.b, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.device)
        self._config.write_text(
            "connection: &one\n"
            f"  accepter: telnet(rfc2217),tcp,127.0.0.1,{self.port}\n"
            f"  connector: serialdev,{self._cable.a},9600n81,local\n"
        )

    def begin(self) -> None:
        self._process = subprocess.Popen(
            ["ser2net", "-n", "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.end()
        os.close(self.device)
        self._cable.pull()


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Ser2net]:
    need("ser2net")
    far = Ser2net(tmp_path)
    far.begin()
    yield far
    far.close()


@pytest.fixture
async def service() -> AsyncIterator[SerialService]:
    service = SerialService()
    yield service
    await service.close()


async def is_open(service: SerialService) -> None:
    await until(lambda: service.status.state is State.LIVE, "the connection", 20)


def texts(service: SerialService, direction: Direction) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is direction]


async def test_a_line_each_way_and_another_rate(service: SerialService, far: Ser2net) -> None:
    await service.open(Settings(far.url, 9600))
    await is_open(service)
    assert service.has_rate
    os.write(far.device, b"ping \xff\xff\n")
    await until(lambda: texts(service, Direction.RX), "the ping")
    assert service.ring[0].raw == b"ping \xff\xff"
    await service.retune(Settings(far.url, 57600))
    service.send("test message")
    assert await asyncio.to_thread(os.read, far.device, 100) == b"test message\r\n"
    await until(lambda: texts(service, Direction.TX) == ["test message"], "the typed line reported")
    assert service.status.state is State.LIVE


async def test_what_came_before_the_loss_is_kept_and_it_comes_back(service: SerialService, far: Ser2net) -> None:
    await service.open(Settings(far.url))
    await is_open(service)
    expected = [f"line {number}" for number in range(200)]
    os.write(far.device, "\n".join([*expected, ""]).encode())
    await until(lambda: "line 199" in texts(service, Direction.RX), "the last line")
    far.end()
    await until(lambda: service.status.state is State.LOST, "the loss")
    assert texts(service, Direction.RX) == expected
    assert texts(service, Direction.NOTE) == ["lost: connection closed"]
    assert not service.send("too late")
    await until(lambda: "refused" in service.status.reason, "the refusal")
    far.begin()
    await is_open(service)
    assert service.counters.reconnects == 1


async def test_it_leaves_no_thread_behind(service: SerialService, far: Ser2net) -> None:
    threads = threading.active_count()
    for _ in range(2):
        await service.open(Settings(far.url))
        await is_open(service)
        await service.close()
        await until(lambda: threading.active_count() <= threads, "no thread left")


async def test_a_server_that_does_not_answer_for_the_lines_is_explained(service: SerialService, far: Ser2net) -> None:
    url = far.url.removesuffix(OPTIONS)
    await service.open(Settings(url))
    await until(lambda: service.status.reason and "refused" not in service.status.reason, "the reason", 20)
    assert service.status.reason == f"127.0.0.1:{far.port} does not answer for its lines and flow control."
    assert service.status.hint == f"Try {url}?ign_set_control."


async def test_nobody_there_is_said(service: SerialService) -> None:
    await service.open(Settings("rfc2217://127.0.0.1:1"))
    await until(lambda: service.status.reason, "a reason")
    assert service.status.reason == "Connection refused by 127.0.0.1:1 (is ser2net running?)."
    assert service.status.retry_at


async def test_a_line_that_a_deaf_server_does_not_take_is_marked(service: SerialService, far: Ser2net) -> None:
    await service.open(Settings(far.url))
    await is_open(service)
    lines = [f"{number:04} {'x' * 50_000}" for number in range(300)]
    for line in lines:
        service.send(line)
    await service.close()
    typed = [line for line in service.ring.since(0) if line.direction is Direction.TX]
    assert [line.text for line in typed] == lines
    assert typed[-1].flags & Flag.UNSENT


async def test_another_kind_of_server_is_told_apart(service: SerialService) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    where = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await service.open(Settings(f"rfc2217://{where}?timeout=0.2"))
    await until(lambda: service.status.reason, "a reason", 20)
    assert service.status.reason == f"{where} does not speak RFC 2217."
    assert service.status.hint == f"Try socket://{where}."
    server.close()
