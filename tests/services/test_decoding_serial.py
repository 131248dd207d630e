"""Decoders on an open port: code is changed while lines stream, and the port and the lines know nothing of it."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsterm.services.lines import Direction
from opsterm.services.serial.decoding import Decoding, process
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.waiting import until

_PAUSE = 0.005  # some 10,000 lines a second
GOOD = "def decode(line):\n    line.text = 'N ' + line.text\n    return line\n"


@pytest.fixture
async def service(cable: Cable) -> AsyncIterator[SerialService]:
    service = SerialService()
    await service.open(Settings(cable.a))
    await until(lambda: service.status.state is State.LIVE, "open")
    yield service
    await service.close()


class Device:
    """Sends numbered lines of JSON, one after another, on a thread, until it is told to finish."""

    def __init__(self, path: str) -> None:
        self.count = 0
        self._finish = threading.Event()
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._fd)
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        while not self._finish.wait(_PAUSE):
            rest = "".join(f"{text}\n" for text in numbered("", self.count, self.count + 50)).encode()
            while rest:
                rest = rest[os.write(self._fd, rest) :]
            self.count += 50

    def finish(self) -> int:
        """How many it has sent, and sends no more."""
        self._finish.set()
        self._thread.join()
        return self.count

    def close(self) -> None:
        """Hang up; before, all must have been read."""
        os.close(self._fd)


def numbered(prefix: str, first: int, end: int) -> list[str]:
    return [f'{prefix}{{"n": {n}, "level": "info"}}' for n in range(first, end)]


@pytest.mark.parametrize("by_rename", [False, True])
async def test_code_is_changed_while_lines_stream(
    service: SerialService, cable: Cable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_rename: bool
) -> None:
    monkeypatch.setattr(process, "LINE_SECONDS", 1.0)
    file = tmp_path / "bus.py"

    def save(code: str) -> None:
        if by_rename:
            (tmp_path / "bus.tmp").write_text(code)
            (tmp_path / "bus.tmp").rename(file)
        else:
            file.write_text(code)

    save(GOOD)
    decoding = Decoding(service.ring, tmp_path)
    since = service.status.since
    await decoding.use("bus")
    await until(lambda: decoding.ring is not service.ring, "in force")
    device = Device(cable.b)
    for number, (code, error) in enumerate(
        [
            (GOOD.replace("N ", "1 "), ""),
            ("def decode(line):\n    return line.nosuch\n", "'Line' object has no attribute 'nosuch'"),
            (GOOD.replace("N ", "2 "), ""),
            ("def decode(line):\n    while True: pass\n", "no answer"),
            ("def decode(line", "never closed"),
            (GOOD.replace("N ", "3 "), ""),
        ]
    ):
        got = service.counters.lines
        await until(lambda got=got: service.counters.lines > got, "lines that come in")  # type: ignore[misc]
        ring = decoding.ring
        save(code)
        if error:
            await until(lambda error=error: error in decoding.error, f"the error of save {number}")  # type: ignore[misc]
            assert decoding.ring is ring
        else:
            await until(lambda ring=ring: decoding.ring is not ring, f"save {number} in force")  # type: ignore[misc]
            assert decoding.error == ""
    count = device.finish()
    await until(lambda: service.counters.lines == count, "all lines", 60)
    await until(lambda: len(decoding.ring) == count, "all lines decoded", 60)
    assert [line.text for line in decoding.ring.since(0)] == numbered("3 ", 0, count)
    assert [line.text for line in service.ring.since(0)] == numbered("", 0, count)
    times = [line.first_ns for line in decoding.ring.since(0)]
    assert times == [line.first_ns for line in service.ring.since(0)]
    assert service.status.state is State.LIVE
    assert service.status.since == since
    assert service.counters.reconnects == service.counters.errors == 0
    await decoding.stop()
    device.close()


async def test_frames_of_slip_on_a_port(cable: Cable, tmp_path: Path) -> None:
    service = SerialService()
    await service.open(Settings(cable.a, framing="byte:C0"))
    await until(lambda: service.status.state is State.LIVE, "open")
    decoding = Decoding(service.ring, tmp_path)
    await decoding.use("slip")
    await until(lambda: decoding.ring is not service.ring, "in force")
    fd = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    os.write(fd, b"\xc0hello\xc0\xc0\x01\n\xdb\xdc\xc0")
    await until(lambda: len(decoding.ring) == 2, "two frames")
    assert [(line.raw, line.text) for line in decoding.ring.since(0)] == [
        (b"hello", "hello"),
        (b"\x01\n\xc0", "01 0A C0"),
    ]
    assert service.send("typed")
    await until(lambda: decoding.ring.since(0)[-1].direction is Direction.TX, "the Tx row")
    await decoding.stop()
    await service.close()
    os.close(fd)
