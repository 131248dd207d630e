"""`opsterm serial PORT --plain --script FILE` against a device that asks for a name and a password."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import tty
from pathlib import Path

import pytest

from tests.cable import Cable

LOGIN = """
[[step]]
send = ""

[[step]]
wait = 'login: $'
send = "root"

[[step]]
wait = 'Password: $'
send = "geheim"

[[step]]
wait = '# $'
fail = 'incorrect'
"""


class Device(threading.Thread):
    """Says a prompt, takes a line, says the next one."""

    def __init__(self, path: str, password: str) -> None:
        super().__init__(daemon=True)
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        self.password = password.encode()
        self.start()

    def run(self) -> None:
        self.line()
        os.write(self.fd, b"\r\nboard login: ")
        name = self.line()
        os.write(self.fd, name + b"\r\nPassword: ")
        good = self.line() == self.password
        os.write(self.fd, b"\r\n~ # " if good else b"\r\nLogin incorrect\r\n")

    def line(self) -> bytes:
        taken = b""
        while not taken.endswith(b"\r\n"):
            taken += os.read(self.fd, 1)
        return taken[:-2]


def play(port: str, script: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "opsterm.tui", "serial", port, "--plain", "--script", str(script)]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=30)


@pytest.mark.parametrize(
    ("password", "status", "says"),
    [("geheim", 0, "opsterm: Script done."), ("other", 1, "opsterm: Step 4 failed: Login incorrect")],
)
def test_a_login(cable: Cable, tmp_path: Path, password: str, status: int, says: str) -> None:
    device = Device(cable.b, password)
    (tmp_path / "login.toml").write_text(LOGIN)
    done = play(cable.a, tmp_path / "login.toml")
    device.join()
    os.close(device.fd)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (status, says)
    assert "Rx <== board login: …\n" in done.stdout
    assert "Tx ==> geheim\n" in done.stdout


def test_what_does_not_come_ends_it_with_1(cable: Cable, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("timeout = 0.01\n[[step]]\nwait = 'ready'")
    done = play(cable.a, tmp_path / "a.toml")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "opsterm: Step 1: no 'ready' within 0.01 s.")


def test_a_device_that_takes_nothing_ends_it_with_1(tmp_path: Path) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    (tmp_path / "a.toml").write_text(f"timeout = 0.2\n[[step]]\nsend = '{'x' * 200_000}'")
    done = play(os.ttyname(slave), tmp_path / "a.toml")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "opsterm: Step 1: not sent, the device takes nothing for 0.2 s."
    os.close(master)
    os.close(slave)


def test_no_port_is_4_and_no_script_is_2(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[[step]]\nsend = 'x'")
    assert play(str(tmp_path / "nothing"), tmp_path / "a.toml").returncode == 4
    done = play(str(tmp_path / "nothing"), tmp_path / "b.toml")
    assert (done.returncode, done.stderr) == (2, f"opsterm: {tmp_path}/b.toml: No such file or directory.\n")
    (tmp_path / "c.toml").write_text("[[step]]")
    done = play(str(tmp_path / "nothing"), tmp_path / "c.toml")
    assert (done.returncode, done.stderr) == (2, f"opsterm: {tmp_path}/c.toml: Step 1: nothing to do.\n")
