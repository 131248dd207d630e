"""The serial service over real ptys: lines each way, prompts, losses, reconnects."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import threading
import tty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from opsterm.services.lines import Direction, Flag
from opsterm.services.serial.device import SerialPort
from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.links import tty as tty_link
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Ending, Settings
from opsterm.services.service import State
from tests.cable import SOCAT, Cable
from tests.faults import no_faults
from tests.waiting import turns, until


@pytest.fixture(params=["socat", "pump"])
def cable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cable]:
    if request.param == "socat" and not SOCAT:
        pytest.skip("socat is not installed")
    with Cable(tmp_path, socat=request.param == "socat") as cable:
        yield cable


@pytest.fixture
async def service(cable: Cable) -> AsyncIterator[SerialService]:
    with no_faults():
        service = SerialService()
        await service.open(Settings(cable.a, 9600))
        await is_open(service)
        yield service
        await service.close()


@pytest.fixture
def peer(cable: Cable) -> Iterator[Peer]:
    peer = Peer(cable.b)
    yield peer
    peer.close()


class Peer:
    """The device at the other end."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        self._got = b""

    def write(self, data: bytes) -> None:
        """Write all of it, on a thread: the line takes it only as fast as it is read."""
        os.set_blocking(self.fd, True)

        def run() -> None:
            rest = data
            while rest:
                rest = rest[os.write(self.fd, rest) :]

        threading.Thread(target=run, daemon=True).start()

    def got(self) -> bytes:
        """Everything received so far."""
        os.set_blocking(self.fd, False)
        try:
            while data := os.read(self.fd, 65536):
                self._got += data
        except OSError:
            pass
        return self._got

    def close(self) -> None:
        os.close(self.fd)


async def is_open(service: SerialService) -> None:
    await until(lambda: service.status.state is State.LIVE, "port open")


def received(service: SerialService) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is Direction.RX]


def notes(service: SerialService) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is Direction.NOTE]


async def test_a_line_each_way_is_stamped_and_in_order(service: SerialService, peer: Peer) -> None:
    peer.write(b"ping from android\n")
    await until(lambda: received(service) == ["ping from android"], "the ping")
    assert service.send("test message")
    await until(lambda: peer.got() == b"test message\r\n", "the answer at the device")
    await until(lambda: len(service.ring) == 2, "the Tx line")
    ping, answer = service.ring.since(0)
    assert (ping.arrow, answer.arrow) == ("Rx <==", "Tx ==>")
    assert answer.text == "test message"
    assert 0 < ping.first_ns <= answer.first_ns
    assert (service.counters.rx_bytes, service.counters.tx_bytes, service.counters.lines) == (18, 14, 1)


async def test_a_line_of_a_megabyte_is_cut_and_whole(service: SerialService, peer: Peer) -> None:
    data = bytes(random.Random(1).choices(b"abcdefgh", k=1_000_000))
    peer.write(data + b"\nnext\n")
    await until(lambda: "next" in received(service), "the line after it")
    lines = service.ring.since(0)
    assert b"".join(line.raw for line in lines[:-1]) == data
    assert all(line.flags & Flag.CUT for line in lines[:-2])
    assert not lines[-2].flags


async def test_a_prompt_is_shown_and_completed_in_place(service: SerialService, peer: Peer) -> None:
    peer.write(b"login: ")
    await until(lambda: received(service) == ["login: "], "the prompt")
    assert service.ring[0].flags & Flag.PARTIAL
    first_ns = service.ring[0].first_ns
    peer.write(b"root\n")
    await until(lambda: received(service) == ["login: root"], "the prompt completed")
    assert len(service.ring) == 1
    assert not service.ring[0].flags
    assert service.ring[0].first_ns == first_ns


async def test_a_typed_line_ends_the_prompt(service: SerialService, peer: Peer) -> None:
    peer.write(b"login: ")
    await until(lambda: received(service) == ["login: "], "the prompt")
    service.send("root")
    await until(lambda: peer.got() == b"root\r\n", "the answer at the device")
    peer.write(b"Password: \n")
    await until(lambda: len(service.ring) == 3, "three lines")
    assert [line.text for line in service.ring.since(0)] == ["login: ", "root", "Password: "]


async def test_random_bytes_arrive_whole(service: SerialService, peer: Peer) -> None:
    data = random.Random(2).randbytes(200_000) + b"\nend\n"
    peer.write(data)
    await until(lambda: "end" in received(service), "the end")
    raw = b"".join(line.raw for line in service.ring.since(0))
    assert raw == data.replace(b"\n", b"").replace(b"\r", b"")
    assert all(line.text.isprintable() or "\ufffd" not in line.text for line in service.ring.since(0))
    assert not any(set(line.text) & set(map(chr, [*range(32), *range(127, 160)])) for line in service.ring.since(0))


async def test_twenty_thousand_lines_arrive_once_and_in_order(service: SerialService, peer: Peer) -> None:
    expected = [f"line {number} of many" for number in range(20_000)]
    peer.write("\r\n".join(expected).encode() + b"\r\n")
    await until(lambda: len(service.ring) >= 20_000, "all lines")
    assert received(service) == expected


async def test_a_pulled_device_is_said_and_loses_nothing(service: SerialService, peer: Peer, cable: Cable) -> None:
    peer.write(b"one\ntwo\nunfinished")
    await until(lambda: service.counters.rx_bytes == 18, "all bytes")
    cable.pull()
    await until(lambda: service.status.state is State.LOST, "the loss")
    assert received(service) == ["one", "two", "unfinished"]
    assert notes(service) == ["lost: device disconnected"]
    assert service.ring[2].flags & Flag.PARTIAL
    assert service.status.reason.startswith(f"Device disconnected ({cable.a}) at ")
    assert service.status.reason.endswith(", 3 lines kept.")
    assert service.status.hint == "Waiting for it."


async def test_the_words_of_the_loss_stay_while_the_port_is_missing(
    service: SerialService, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    open_port = tty_link.open_port

    def count(settings: Settings) -> SerialPort:
        tries.append(settings.port)
        return open_port(settings)

    monkeypatch.setattr(tty_link, "open_port", count)
    cable.pull()
    await until(lambda: service.status.state is State.LOST, "the loss")
    for _ in range(3):
        before = len(tries)
        service.retry()
        await until(lambda before=before: len(tries) > before, "another try")  # type: ignore[misc]
    assert service.status.reason.startswith("Device disconnected")
    assert service.counters.errors == 1


async def test_it_is_open_again_when_the_device_is_back(service: SerialService, peer: Peer, cable: Cable) -> None:
    for times in range(1, 4):
        cable.pull()
        await until(lambda: service.status.state is State.LOST, "the loss")
        cable.plug()
        await is_open(service)
        assert service.counters.reconnects == service.counters.gaps == times
        again = Peer(cable.b)
        again.write(b"back\n")
        await until(lambda: received(service).count("back") == service.counters.reconnects, "a line after it")
        again.close()
    gaps = [line for line in service.ring.since(0) if line.flags & Flag.GAP]
    assert len(gaps) == 3
    assert all(line.text.startswith("open again, gap 0.") for line in gaps)


async def test_a_line_typed_while_lost_is_marked_and_never_sent(
    service: SerialService, peer: Peer, cable: Cable
) -> None:
    cable.pull()
    await until(lambda: service.status.state is State.LOST, "the loss")
    assert not service.send("too late")
    line = service.ring[service.ring.next_seq - 1]
    assert line.flags & Flag.UNSENT
    assert line.arrow == "Tx =X="
    cable.plug()
    await is_open(service)
    again = Peer(cable.b)
    service.send("now")
    await until(lambda: again.got().endswith(b"now\r\n"), "the next line")
    assert again.got() == b"now\r\n"
    again.close()


async def test_what_is_held_comes_later(service: SerialService, peer: Peer) -> None:
    service.hold(True)
    peer.write(b"before\n")
    service.send("after")
    await until(lambda: peer.got() == b"after\r\n" and len(service.ring), "the Tx line")
    assert not received(service)
    service.hold(False)
    await until(lambda: received(service) == ["before"], "the line held")


async def test_settings_change_while_open(service: SerialService, peer: Peer, cable: Cable) -> None:
    await service.retune(Settings(cable.a, 57600, ending=Ending.LF, encoding="latin-1"))
    service.send("grün")
    await until(lambda: peer.got() == b"gr\xfcn\n", "the line in latin-1 with LF")
    peer.write(b"bl\xf6d\n")
    await until(lambda: received(service) == ["blöd"], "latin-1 received")
    assert service.status.state is State.LIVE
    with pytest.raises(BadSettingError, match="latin-1 has no '✓'"):
        service.send("✓")


async def test_the_service_may_stop_twice_and_start_again(service: SerialService, peer: Peer) -> None:
    await service.stop()
    await service.stop()
    assert service.status.state is State.OFF
    assert not service.send("nobody there")
    await service.start()
    await is_open(service)
    assert not notes(service)


async def test_of_two_openings_at_once_the_last_holds(service: SerialService, cable: Cable, peer: Peer) -> None:
    first = asyncio.create_task(service.open(Settings(cable.a, 1200)))
    second = asyncio.create_task(service.open(Settings(cable.a, 2400)))
    await turns()
    first.cancel()
    await second
    await is_open(service)
    assert service.settings == Settings(cable.a, 2400)
    service.send("once")
    await until(lambda: peer.got() == b"once\r\n", "the line")


async def test_the_switch_interval_is_as_before_when_closed(service: SerialService) -> None:
    during = sys.getswitchinterval()
    await service.close()
    assert during == pytest.approx(0.0005)
    assert sys.getswitchinterval() == pytest.approx(0.005)
