"""Lock files as minicom reads and writes them, and the words for a rounded rate."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from opsterm.services.serial import uucp
from opsterm.services.serial.errors import BusyError
from opsterm.services.serial.rate import rounding

NOBODY = 2**22 + 1  # above the highest process id that Linux gives


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "locks").mkdir()
    (tmp_path / "ttyUSB0").touch()
    monkeypatch.setattr(uucp, "_LOCKS", tmp_path / "locks")
    monkeypatch.setattr(uucp, "_DEV", str(tmp_path))
    monkeypatch.setattr(uucp, "_held", {})
    return str(tmp_path / "ttyUSB0")


@pytest.fixture
def path(device: str, tmp_path: Path) -> Path:
    return tmp_path / "locks" / "LCK..ttyUSB0"


def test_it_is_written_in_the_usual_form_and_taken_away(device: str, path: Path) -> None:
    uucp.lock(device)
    assert path.read_text() == f"{os.getpid():>10}\n"
    with pytest.raises(BusyError, match=f"Port busy: {device} is open here"):
        uucp.lock(device)
    uucp.unlock(device)
    assert not path.exists()


def test_a_link_to_the_device_has_the_same_lock(device: str, path: Path, tmp_path: Path) -> None:
    (tmp_path / "arduino").symlink_to(device)
    uucp.lock(f"{tmp_path}/arduino")
    assert path.exists()
    (tmp_path / "arduino").unlink()
    Path(device).unlink()
    uucp.unlock(f"{tmp_path}/arduino")
    assert not path.exists()


@pytest.mark.parametrize("form", [lambda pid: f"{pid:>10}\n".encode(), lambda pid: struct.pack("i", pid)])
def test_the_lock_of_a_living_process_is_respected(device: str, path: Path, form: object) -> None:
    assert callable(form)
    path.write_bytes(form(os.getppid()))
    with pytest.raises(BusyError, match=rf"is locked by .+ \(pid {os.getppid()}\)"):
        uucp.lock(device)
    uucp.unlock(device)
    assert path.exists()


@pytest.mark.parametrize("content", [f"{NOBODY:>10}\n".encode(), struct.pack("i", NOBODY), b"", b"nonsense"])
def test_the_lock_of_nobody_is_replaced(device: str, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    uucp.lock(device)
    assert path.read_text().split() == [str(os.getpid())]


def test_where_no_lock_can_be_written_there_is_none(device: str, path: Path) -> None:
    path.parent.rmdir()
    uucp.lock(device)
    uucp.unlock(device)
    assert not path.exists()


def test_a_device_elsewhere_has_no_lock_file(device: str, path: Path) -> None:
    uucp.lock("/dev/pts/0")
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize(
    ("wanted", "actual", "said"),
    [
        (921600, 1000000, "The driver uses 1000000 instead of 921600 (8.5 % off)."),
        (9600, 9300, "The driver uses 9300 instead of 9600 (3.1 % off)."),
        (115200, 115384, ""),
        (9600, 9600, ""),
        (9600, 0, ""),
    ],
)
def test_a_rate_that_is_too_far_off_is_said(wanted: int, actual: int, said: str) -> None:
    assert rounding(wanted, actual) == said
