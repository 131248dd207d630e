"""A socket in place of a device: what passes, what is said when it fails, and that it comes back by itself."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsterm.services.lines import Direction, Flag
from opsterm.services.serial.links import sockets
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.device import Device
from tests.faults import no_faults
from tests.needs import need
from tests.waiting import until


class Host:
    """A program that listens, on a TCP port of its own or on a path, for one connection after the other."""

    def __init__(self, path: str = "") -> None:
        self._path = path
        self._port = 0
        self._server: asyncio.Server | None = None
        self.writers: list[asyncio.StreamWriter] = []
        self.got = b""
        self.deaf = False
        self.ended = 0

    @property
    def url(self) -> str:
        return f"unix:{self._path}" if self._path else f"socket://127.0.0.1:{self._port}"

    @property
    def name(self) -> str:
        return self._path or f"127.0.0.1:{self._port}"

    async def begin(self) -> None:
        if self._path:
            self._server = await asyncio.start_unix_server(self._serve, self._path)
        else:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        """Close everything, and listen no more."""
        if self._server:
            self._server.close()
            self._server = None
        for writer in self.writers:
            writer.close()
        self.writers.clear()
        if self._path:
            Path(self._path).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while not self.deaf and (data := await reader.read(65536)):
            self.got += data
        if not self.deaf:
            writer.close()
            self.ended += 1

    async def say(self, data: bytes) -> None:
        await until(lambda: self.writers, "somebody connected")
        self.writers[-1].write(data)


@pytest.fixture(params=["tcp", "unix"])
async def host(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Host]:
    host = Host(f"{tmp_path}/port" if request.param == "unix" else "")
    await host.begin()
    yield host
    await host.end()


@pytest.fixture
async def service() -> AsyncIterator[SerialService]:
    with no_faults():
        service = SerialService()
        yield service
        await service.close()


async def is_open(service: SerialService) -> None:
    await until(lambda: service.status.state is State.LIVE, "the connection")


def texts(service: SerialService, direction: Direction) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is direction]


async def test_a_line_each_way(service: SerialService, host: Host) -> None:
    await service.open(Settings(host.url))
    await is_open(service)
    assert not service.has_rate
    await host.say(b"ping from android\n")
    await until(lambda: texts(service, Direction.RX) == ["ping from android"], "the ping")
    assert service.send("test message")
    await until(lambda: host.got == b"test message\r\n", "the line at the host")
    assert texts(service, Direction.TX) == ["test message"]
    assert service.counters.tx_bytes == 14
    assert service.ring[0].source == host.url
    await service.retune(Settings(host.url, 1200, encoding="latin-1"))
    service.send("grün")
    await until(lambda: host.got.endswith(b"gr\xfcn\r\n"), "the line in latin-1")
    assert len(host.writers) == 1


async def test_everything_arrives_once_and_in_order_both_ways(service: SerialService, host: Host) -> None:
    await service.open(Settings(host.url))
    await is_open(service)
    expected = [f"line {number} of many" for number in range(20_000)]
    await host.say("\r\n".join(expected).encode() + b"\r\n")
    for line in expected[:2000]:
        service.send(line)
    await until(lambda: len(texts(service, Direction.RX)) == 20_000, "all lines")
    assert texts(service, Direction.RX) == expected
    await until(lambda: not service.queued, "all typed lines taken")
    assert texts(service, Direction.TX) == expected[:2000]
    await service.close()
    await until(lambda: len(host.got) == sum(map(len, expected[:2000])) + 4000, "all typed lines at the host")
    assert host.got.decode().split() == "\r\n".join(expected[:2000]).split()


async def test_it_connects_again_when_the_host_is_back(service: SerialService, host: Host) -> None:
    await service.open(Settings(host.url))
    await is_open(service)
    await host.say(b"one\nunfinished")
    await until(lambda: service.counters.rx_bytes == 14, "all bytes")
    await host.end()
    await until(lambda: service.status.state is State.LOST, "the loss")
    assert texts(service, Direction.RX) == ["one", "unfinished"]
    assert texts(service, Direction.NOTE) == ["lost: connection closed"]
    assert not service.send("too late")
    await host.begin()
    await is_open(service)
    await host.say(b"back\n")
    await until(lambda: "back" in texts(service, Direction.RX), "a line after it")
    assert service.counters.reconnects == 1
    assert sum(bool(line.flags & Flag.GAP) for line in service.ring.since(0)) == 1
    assert host.got == b""


async def test_a_deaf_host_costs_nothing_but_the_queue(service: SerialService, host: Host) -> None:
    host.deaf = True
    await service.open(Settings(host.url))
    await is_open(service)
    await until(lambda: host.writers, "the connection at the host")
    lines = [f"{number:04} {'x' * 10_000}" for number in range(1000)]
    for line in lines:
        service.send(line)
    assert service.queued > 0
    await host.say(b"I talk and do not listen\n")
    await until(lambda: texts(service, Direction.RX), "a line received")
    await service.close()
    typed = [line for line in service.ring.since(0) if line.direction is Direction.TX]
    assert [line.text for line in typed] == lines
    assert typed[-1].flags & Flag.UNSENT
    assert not typed[0].flags & Flag.UNSENT


async def test_it_leaves_nothing_behind(service: SerialService, host: Host) -> None:
    fds, threads = set(os.listdir("/dev/fd")), threading.active_count()
    for times in range(1, 6):
        await service.open(Settings(host.url))
        await is_open(service)
        await until(lambda: len(host.writers) == times, "the connection at the host")  # noqa: B023
        await service.close()
        await until(lambda: host.ended == times, "its end at the host")  # noqa: B023
    await until(lambda: set(os.listdir("/dev/fd")) <= fds, "no descriptor left")
    await until(lambda: threading.active_count() <= threads, "no thread left")


@pytest.mark.parametrize(
    ("port", "state", "said"),
    [
        ("socket://127.0.0.1:1", State.LOST, "Connection refused by 127.0.0.1:1 (is ser2net running?)."),
        ("socket://host.invalid:2000", State.LOST, "No address for 'host.invalid': "),
        ("unix:/nowhere/port", State.LOST, "No such socket: /nowhere/port."),
        ("unix", State.LOST, "No such port: unix. "),
        ("socket://127.0.0.1", State.FAILED, "Invalid address 'socket://127.0.0.1'."),
        ("socket://[::1", State.FAILED, "Invalid address 'socket://[::1'."),
        ("socket://:99999", State.FAILED, "Invalid address 'socket://:99999'."),
    ],
)
async def test_what_does_not_connect_is_said(service: SerialService, port: str, state: State, said: str) -> None:
    await service.open(Settings(port))
    await until(lambda: service.status.reason, "a reason")
    assert service.status.state is state
    assert service.status.reason.startswith(said)
    assert "Errno" not in service.status.reason


async def test_a_socket_that_nobody_serves_is_named(service: SerialService, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{tmp_path}/left")
        await service.open(Settings(f"unix:{tmp_path}/left"))
        await until(lambda: service.status.reason, "a reason")
        assert service.status.reason.startswith(f"Connection refused by {tmp_path}/left ")
        assert service.status.retry_at
        left.listen()
        await is_open(service)


async def test_a_host_that_does_not_answer_is_given_up(
    service: SerialService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(unconnected: socket.socket, address: object) -> socket.socket:
        with unconnected:
            return await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(sockets, "connect", never)
    monkeypatch.setattr(sockets, "CONNECT_SECONDS", 0.05)
    await service.open(Settings("socket://127.0.0.1:2000"))
    await until(lambda: service.status.reason, "a reason")
    assert service.status.reason == "No answer from 127.0.0.1:2000 within 0.05 s."
    assert service.status.retry_at


async def test_the_second_address_of_a_host_is_tried_too(
    service: SerialService, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host()
    await host.begin()
    port = int(host.url.rpartition(":")[2])
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(sockets.socket, "getaddrinfo", lambda *_, **__: answers)
    await service.open(Settings(f"socket://printer:{port}"))
    await is_open(service)
    await host.end()


@pytest.mark.parametrize("program", ["tio", "socat"])
async def test_the_programs_people_use_are_understood(service: SerialService, tmp_path: Path, program: str) -> None:
    need(program)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Cable(tmp_path) as cable:
        commands = {
            "tio": ["tio", "-S", f"inet:{port}", cable.a],
            "socat": ["socat", f"TCP-LISTEN:{port},reuseaddr,bind=127.0.0.1", f"FILE:{cable.a},raw,echo=0"],
        }
        master, terminal = os.openpty()
        device = Device(cable.b)
        with subprocess.Popen(commands[program], stdin=terminal, stdout=terminal, stderr=terminal) as peer:
            try:
                await service.open(Settings(f"socket://127.0.0.1:{port}"))
                await is_open(service)
                os.write(device.fd, b"ping\n")
                await until(lambda: "ping" in texts(service, Direction.RX), "the ping through it")
                service.send("test message")
                await until(lambda: device.read().startswith(b"test message"), "the line, byte by byte")
            finally:
                peer.terminate()
        for fd in (master, terminal, device.fd):
            os.close(fd)
