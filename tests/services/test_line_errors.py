"""The driver's counters of faults on the wire."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.links import tty_modem
from opsterm.services.serial.modem import LineErrors
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.needs import ROOT, need, rig
from tests.waiting import until

INSIDE = "RIG_BLUETOOTH" in os.environ


class Port:
    def fileno(self) -> int:
        return 7


def modem() -> tty_modem.TtyModem:
    return tty_modem.TtyModem(Port())  # type: ignore[arg-type]


def test_the_counters_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def ioctl(fd: int, request: int, room: bytes) -> bytes:
        asked.append((fd, request))
        answer = struct.pack("20i", 1, 2, 3, 4, 5, 6, 70, 80, 90, 100, 110, *range(200, 209))
        assert len(room) == len(answer)
        return answer

    monkeypatch.setattr(tty_modem.fcntl, "ioctl", ioctl)
    assert modem().errors() == LineErrors(framing=70, parity=90, overrun=80, breaks=100, buffer_overrun=110)
    assert asked == [(7, 0x545D)]


@pytest.mark.parametrize("number", [errno.ENOTTY, errno.EINVAL])
def test_a_driver_that_does_not_count(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def ioctl(*_: object) -> bytes:
        raise OSError(number, "no")

    monkeypatch.setattr(tty_modem.fcntl, "ioctl", ioctl)
    assert modem().errors() is None


def test_a_device_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def ioctl(*_: object) -> bytes:
        raise OSError(errno.EIO, "gone")

    monkeypatch.setattr(tty_modem.fcntl, "ioctl", ioctl)
    with pytest.raises(OSError, match="gone"):
        modem().errors()


async def test_a_pty_counts_nothing(cable: Cable) -> None:
    service = SerialService()
    assert await service.line_errors() is None
    await service.open(Settings(cable.a))
    await until(lambda: service.status.state is State.LIVE, "port open")
    assert await service.line_errors() is None
    assert service.status.state is State.LIVE
    await service.close()


async def test_what_a_driver_counts_is_told(cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = LineErrors(1, 2, 3, 4, 5)
    monkeypatch.setattr(tty_modem.TtyModem, "errors", lambda _: counted)
    service = SerialService()
    await service.open(Settings(cable.a))
    await until(lambda: service.status.state is State.LIVE, "port open")
    assert await service.line_errors() == counted

    def gone(_: object) -> None:
        raise OSError(errno.EIO, "gone")

    monkeypatch.setattr(tty_modem.TtyModem, "errors", gone)
    assert await service.line_errors() is None
    await service.close()
    with pytest.raises(SerialError, match="no port is open"):
        await service.send_break()


@pytest.mark.rig
@pytest.mark.skipif(INSIDE, reason="this is the side that boots the machine")
@pytest.mark.timeout(240)
def test_a_real_adapter() -> None:
    need("bluetooth")
    script = rig()
    assert script is not None
    test = f"{Path(__file__).relative_to(ROOT)}::test_a_real_adapter_inside_the_machine"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test]
    with tempfile.TemporaryDirectory(prefix="rig") as folder:
        environment = {**os.environ, "USB": "1", "MODE": "bare", "TIMEOUT": "220", "RIG_OUT": folder}
        done = subprocess.run(  # noqa: PLW1510  its status is asserted with what it printed
            ["bash", str(script / "bluetooth"), "run", *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=environment,
        )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert "1 passed" in done.stdout


@pytest.mark.rig
@pytest.mark.skipif(not INSIDE, reason="runs in the rig's virtual machine")
@pytest.mark.timeout(200)
async def test_a_real_adapter_inside_the_machine() -> None:
    service = SerialService()
    await service.open(Settings("/dev/ttyUSB0"))
    await until(lambda: service.status.state is State.LIVE, "port open", 90)
    assert await service.line_errors() == LineErrors(0, 0, 0, 0, 0)
    await service.close()
