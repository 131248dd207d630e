"""What is said when a port does not open, and that it opens by itself once it can."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsterm.services.serial import explain
from opsterm.services.serial import service as serial_service
from opsterm.services.serial.device import SerialPort
from opsterm.services.serial.errors import NotAllowedError
from opsterm.services.serial.links import tty
from opsterm.services.serial.ports import Port
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State, Status
from tests.cable import Cable
from tests.waiting import until, until_now

HOLDER = """
import sys, serial
port = serial.Serial(sys.argv[1], exclusive=True)
print("open", flush=True)
sys.stdin.read()
"""
OUTSIDER = """
import asyncio, sys
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings

async def main():
    service = SerialService()
    def told():
        if service.status.reason or service.status.state.value == "live":
            print(service.status.state.value, service.status.reason, service.status.hint, sep="|", flush=True)
    service.listen(told)
    await service.open(Settings(sys.argv[1]))
    await asyncio.to_thread(sys.stdin.read)
    await service.close()

asyncio.run(main())
"""


@pytest.fixture
async def service() -> AsyncIterator[SerialService]:
    service = SerialService()
    yield service
    await service.close()


async def trouble(service: SerialService, port: str) -> Status:
    """The status after an attempt to open `port` has failed."""
    await service.open(Settings(port))
    await until(lambda: service.status.reason, "a reason")
    return service.status


async def test_a_missing_port_is_named_with_what_there_is(
    service: SerialService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = [Port("/dev/ttyUSB0", "CP2102N"), Port("/dev/rfcomm0")]
    monkeypatch.setattr(explain, "scan_ports", lambda: ports)
    status = await trouble(service, f"{tmp_path}/port")
    assert status.state is State.LOST
    assert status.retry_at is None
    assert status.reason == f"No such port: {tmp_path}/port. Available: /dev/ttyUSB0 (CP2102N), /dev/rfcomm0."
    assert status.hint == "Waiting for it."
    monkeypatch.setattr(explain, "scan_ports", list)
    await service.stop()
    status = await trouble(service, f"{tmp_path}/port")
    assert status.reason == f"No such port: {tmp_path}/port. No serial ports found."


async def test_a_port_that_appears_is_opened(service: SerialService, cable: Cable) -> None:
    cable.pull()
    await trouble(service, cable.a)
    cable.plug()
    await until(lambda: service.status.state is State.LIVE, "the port open")
    assert not len(service.ring)
    assert service.counters.gaps == 0


async def test_a_link_to_nothing_is_called_that(service: SerialService, tmp_path: Path) -> None:
    (tmp_path / "phone").symlink_to(tmp_path / "gone")
    status = await trouble(service, f"{tmp_path}/phone")
    assert status.reason == f"{tmp_path}/phone is a link to {tmp_path}/gone, which is not there (unplugged?)."


@pytest.mark.parametrize(
    ("name", "kind"), [("file", "regular file"), ("folder", "folder"), ("pipe", "pipe"), ("null", "no terminal")]
)
async def test_what_is_no_port_is_called_what_it_is(
    service: SerialService, tmp_path: Path, name: str, kind: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    status = await trouble(service, f"{tmp_path}/{name}")
    assert status.state is State.FAILED
    assert status.reason == f"{tmp_path}/{name} is not a serial port ({kind})."


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("loop://", "loop:// is not supported: it has no file descriptor."),
        ("socket://127.0.0.1:1", "Connection refused by 127.0.0.1:1 (is ser2net running?)."),
        ("nonsense://x", "Cannot open nonsense://x: "),
    ],
)
async def test_a_url_that_does_not_open_is_said(service: SerialService, url: str, said: str) -> None:
    status = await trouble(service, url)
    assert status.reason.startswith(said)
    assert "Errno" not in status.reason


async def test_a_name_cannot_change_the_terminal(service: SerialService, tmp_path: Path) -> None:
    status = await trouble(service, f"{tmp_path}/a\x1b]0;title\x07b\n")
    assert status.reason.startswith(f"No such port: {tmp_path}/ab␊. ")


@pytest.mark.skipif(sys.platform != "linux", reason="holders are read from /proc")
async def test_a_busy_port_names_its_holder_and_opens_when_it_is_free(service: SerialService, cable: Cable) -> None:
    command = [sys.executable, "-c", HOLDER, cable.a]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"open\n"
        status = await trouble(service, cable.a)
        name = Path(f"/proc/{holder.pid}/comm").read_text().strip()
        assert status.reason == f"Port busy: {cable.a} is locked by {name} (pid {holder.pid})."
        assert status.state is State.LOST
        assert status.retry_at
        assert holder.stdin
        holder.stdin.close()
    await until(lambda: service.status.state is State.LIVE, "the port open")


@pytest.mark.skipif(sys.platform != "linux", reason="holders are read from /proc")
async def test_an_open_port_is_ours_alone(service: SerialService, cable: Cable) -> None:
    await service.open(Settings(cable.a))
    await until(lambda: service.status.state is State.LIVE, "the port open")
    second = subprocess.run([sys.executable, "-c", HOLDER, cable.a], check=False, capture_output=True)
    assert b"Could not exclusively lock port" in second.stderr
    other = SerialService()
    status = await trouble(other, cable.a)
    assert status.reason == f"Port busy: {cable.a} is open here."
    await other.close()


def test_no_permission_names_the_group_and_ends_when_it_is_given(cable: Cable) -> None:
    outsider = [sys.executable, "-c", OUTSIDER, cable.a]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if not setpriv:
            pytest.skip("setpriv is not installed, and root may open everything")
        less = "-dac_override,-dac_read_search"
        outsider = [setpriv, "--bounding-set", less, "--inh-caps", less, *outsider]
        os.chown(cable.a, 1, 20)
    else:
        pytest.skip("needs root to give a device to somebody else")
    os.chmod(cable.a, 0o660)
    with subprocess.Popen(outsider, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        state, reason, hint = process.stdout.readline().rstrip().split("|")
        assert state == "failed"
        assert reason == f"Permission denied: {cable.a} (daemon:dialout)."
        assert hint == "Run: sudo usermod -aG dialout $USER, then log in again."
        os.chmod(cable.a, 0o666)
        assert process.stdout.readline() == "live||\n"
        assert process.stdin
        process.stdin.close()
    until_now(lambda: process.returncode == 0, "a clean end")


async def test_retry_tries_at_once(service: SerialService, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    first = await trouble(service, f"{tmp_path}/file")
    service.retry()
    await until(lambda: service.status is not first, "another try")
    assert service.status.reason == first.reason
    assert service.counters.errors == 1


@pytest.mark.parametrize(("grace", "complains"), [(60.0, False), (0.0, True)])
async def test_a_new_device_file_may_refuse_for_a_moment(
    service: SerialService, cable: Cable, monkeypatch: pytest.MonkeyPatch, grace: float, complains: bool
) -> None:
    refusals = [NotAllowedError("Permission denied.")]
    open_port = tty.open_port

    def refuse_at_first(settings: Settings) -> SerialPort:
        if refusals:
            raise refusals.pop()
        return open_port(settings)

    monkeypatch.setattr(tty, "open_port", refuse_at_first)
    monkeypatch.setattr(serial_service, "_GRACE_SECONDS", grace)
    states: list[State] = []
    service.listen(lambda: states.append(service.status.state))
    await service.open(Settings(cable.a))
    if complains:
        await until(lambda: service.status.state is State.FAILED, "the complaint")
        service.retry()
    await until(lambda: service.status.state is State.LIVE, "the port open")
    assert (State.FAILED in states) is complains
