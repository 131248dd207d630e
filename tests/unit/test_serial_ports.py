"""The list of ports, from what pySerial, /dev and /proc tell."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from opsterm.services.serial import ports
from opsterm.services.serial.access import missing_access, owners, remedy
from opsterm.services.serial.holders import Holder, find_holders
from opsterm.services.serial.ports import Port, list_ports, watch_ports

linux = pytest.mark.skipif(sys.platform != "linux", reason="holders are read from /proc")

HOLDER = """
import fcntl, sys
device = open(sys.argv[1])
if sys.argv[2] == "lock":
    fcntl.flock(device, fcntl.LOCK_EX)
print("open", flush=True)
sys.stdin.read()
"""


def info(device: str, **known: object) -> ListPortInfo:
    found = ListPortInfo(device, skip_link_detection=True)
    for name, value in known.items():
        setattr(found, name, value)
    return found


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of /dev, with three ports and a lasting link."""
    for name in ("ttyUSB10", "ttyUSB2", "rfcomm0"):
        (tmp_path / name).touch()
    (tmp_path / "by-id").mkdir()
    (tmp_path / "by-id" / "usb-FTDI").symlink_to("../ttyUSB2")
    known = [
        info(f"{tmp_path}/ttyUSB10"),
        info(f"{tmp_path}/ttyUSB2", product="FT232R\x07", vid=0x403, pid=0x6001, serial_number="A50285"),
    ]
    monkeypatch.setattr(
        ports.pyserial_ports, "comports", lambda: [port for port in known if os.path.exists(port.device)]
    )
    monkeypatch.setattr(ports, "_MORE", (f"{tmp_path}/rfcomm*",))
    monkeypatch.setattr(ports, "_BY_ID", f"{tmp_path}/by-id")
    monkeypatch.setattr(ports, "_DEV", str(tmp_path))
    return tmp_path


async def test_ports_are_sorted_named_and_safe(dev: Path) -> None:
    assert await list_ports() == [
        Port(f"{dev}/rfcomm0"),
        Port(f"{dev}/ttyUSB2", "FT232R␇", "usb:0403:6001:A50285", link=f"{dev}/by-id/usb-FTDI"),
        Port(f"{dev}/ttyUSB10"),
    ]


async def test_the_list_comes_again_when_a_port_goes(dev: Path) -> None:
    lists = watch_ports()
    assert len(await anext(lists)) == 3
    (dev / "ttyUSB10").unlink()
    assert [port.device for port in await anext(lists)] == [f"{dev}/rfcomm0", f"{dev}/ttyUSB2"]
    await lists.aclose()


@pytest.fixture
def other(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has a file `port` open, and locked where the parameter says so."""
    (tmp_path / "port").touch()
    command = [sys.executable, "-c", HOLDER, f"{tmp_path}/port", request.param]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process


@linux
@pytest.mark.parametrize(("other", "words"), [("lock", "locked by"), ("open", "open in")], indirect=["other"])
def test_whoever_has_a_port_is_named(tmp_path: Path, other: subprocess.Popen[bytes], words: str) -> None:
    (tmp_path / "link").symlink_to("port")
    found = find_holders([f"{tmp_path}/port", f"{tmp_path}/link", f"{tmp_path}/nothing", "/dev/null/x"])
    name = Path(f"/proc/{other.pid}/comm").read_text().strip()
    assert set(found) == {f"{tmp_path}/port", f"{tmp_path}/link"}
    assert str(found[f"{tmp_path}/link"]) == f"{words} {name} (pid {other.pid})"


@linux
def test_a_port_that_we_have_ourselves_is_open_here(tmp_path: Path) -> None:
    path = f"{tmp_path}/port"
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert str(find_holders([path])[path]) == "open here"


def test_a_holder_in_words() -> None:
    assert str(Holder("tio", 4711, locked=True)) == "locked by tio (pid 4711)"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file to somebody else")
def test_the_remedy_names_the_real_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "port"
    path.touch()
    os.chown(path, 0, 20)
    path.chmod(0o660)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert owners(str(path)) == "root:dialout"
    assert remedy(str(path)) == "Run: sudo usermod -aG dialout $USER, then log in again."
    assert missing_access(str(path)) == "no permission: join group dialout"
    path.chmod(0o600)
    assert remedy(str(path)).startswith("Only its owner may use it")
    assert missing_access(str(path)) == "no permission"
    assert remedy(f"{tmp_path}/nothing") == ""
