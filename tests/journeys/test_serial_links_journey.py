"""Two connections that need a machine: a USB adapter pulled and put back, and Bluetooth without a device file.

The rig's virtual machine has an adapter of FTDI's kind and two Bluetooth controllers. The tests outside boot it, pull
the adapter and talk at its far end; those inside have the service open.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from opsterm.services.lines import Direction
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.needs import ROOT, need, rig
from tests.waiting import until, until_now

pytestmark = [pytest.mark.journey, pytest.mark.rig]

INSIDE = "RIG_BLUETOOTH" in os.environ
SLOW = 90.0  # seconds: the machine is emulated, and Python starts slowly in there


class Machine:
    """The machine's monitor, the far end of its adapter, and the folder in which it says how far it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def said(self, step: str, process: subprocess.Popen[str]) -> None:
        """Wait until the test inside has come to `step`."""
        until_now(
            lambda: (self.folder / step).exists() or process.poll() is not None, f"{step} in the machine", SLOW, 0.1
        )
        assert (self.folder / step).exists(), (self.folder / "log").read_text()[-6000:]

    def order(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self.folder / "mon.sock"))
            monitor.settimeout(1.0)
            self._until_silent(monitor)  # its greeting: what is typed before is lost
            monitor.sendall(command.encode() + b"\n")
            self._until_silent(monitor)

    def far_end(self) -> socket.socket:
        end = socket.socket(socket.AF_UNIX)
        end.connect(str(self.folder / "usb.sock"))
        return end

    @staticmethod
    def _until_silent(monitor: socket.socket) -> None:
        with suppress(TimeoutError):
            while monitor.recv(4096):
                pass


@pytest.mark.skipif(INSIDE, reason="this is the side that boots the machine")
@pytest.mark.timeout(240)
@pytest.mark.parametrize("port", ["/dev/ttyUSB0", "usb:0403:6001:RIG1"])
def test_an_adapter_pulled_and_put_back(port: str) -> None:
    need("bluetooth")
    script = rig()
    assert script is not None
    with tempfile.TemporaryDirectory(prefix="rig") as folder:
        machine = Machine(Path(folder))
        test = f"{Path(__file__).relative_to(ROOT)}::test_adapter_inside_the_machine"
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test]
        environment = {**os.environ, "USB": "1", "MODE": "bare", "TIMEOUT": "220", "RIG_OUT": folder}
        with subprocess.Popen(
            ["bash", str(script / "bluetooth"), "run", "env", f"RIG_PORT={port}", *command],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        ) as process:
            machine.said("open", process)
            with machine.far_end() as end:
                end.sendall(b"before\n")
                machine.said("heard", process)
                machine.order("device_del rig1")
                machine.said("lost", process)
            machine.order("device_add usb-serial,id=rig1,chardev=ser,serial=RIG1,always-plugged=on")
            machine.said("again", process)
            with machine.far_end() as end:
                end.sendall(b"after\n")
                output = process.communicate()[0]
        assert process.returncode == 0, output[-6000:]
        assert "1 passed" in output


@pytest.mark.skipif(not INSIDE, reason="runs in the rig's virtual machine")
@pytest.mark.timeout(200)
async def test_adapter_inside_the_machine() -> None:
    port = os.environ["RIG_PORT"]
    out = Path(os.environ["OUT"])
    service = SerialService()

    async def reach(step: str, check: Callable[[], object]) -> None:
        await until(check, step, SLOW)
        (out / step).touch()

    def heard(text: str) -> bool:
        return any(line.text == text for line in service.ring.since(0))

    Path("/run/lock").mkdir(exist_ok=True)  # as systemd does, which does not run in there
    await service.open(Settings(port))
    await reach("open", lambda: service.status.state is State.LIVE)
    assert service.device == "/dev/ttyUSB0"
    assert Path("/var/lock/LCK..ttyUSB0").read_text().split() == [str(os.getpid())]
    await service.set_line("dtr", False)
    lines = await service.read_lines()
    assert lines
    assert (lines.dtr, lines.rts) == (False, True)
    await service.set_line("dtr", True)
    await service.send_break()
    await reach("heard", lambda: heard("before"))
    await reach("lost", lambda: service.status.state is State.LOST)
    await reach("again", lambda: service.status.state is State.LIVE)
    await until(lambda: heard("after"), "the line after it", SLOW)
    notes = [line.text for line in service.ring.since(0) if line.direction is Direction.NOTE]
    assert notes[:4] == ["DTR off", "DTR on", "BREAK 250 ms", "lost: device disconnected"]
    assert notes[4].startswith("open again, gap ")
    assert len(notes) == 5
    await service.close()


@pytest.mark.skipif(INSIDE, reason="this is the side that boots the machine")
@pytest.mark.timeout(240)
def test_bluetooth_without_a_device_file() -> None:
    need("bluetooth")
    script = rig()
    assert script is not None
    test = f"{Path(__file__).relative_to(ROOT)}::test_bluetooth_inside_the_machine"
    command = [_python_with_bluetooth(), "-m", "pytest", "-p", "no:cacheprovider", test]
    path = f"{sysconfig.get_path('purelib')}:{ROOT}/.src"
    done = subprocess.run(  # noqa: PLW1510  its status is asserted with what it printed
        ["bash", str(script / "bluetooth"), "run", "env", f"PYTHONPATH={path}", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "MODE": "bare", "TIMEOUT": "220"},
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout


@pytest.mark.skipif(not INSIDE, reason="runs in the rig's virtual machine")
@pytest.mark.timeout(200)
async def test_bluetooth_inside_the_machine() -> None:
    phone = os.environ["BT_PHONE"]
    loop = asyncio.get_running_loop()
    service = SerialService()

    def texts(direction: Direction) -> list[str]:
        return [line.text for line in service.ring.since(0) if line.direction is direction]

    with socket.socket(socket.AF_BLUETOOTH, socket.SOCK_STREAM, socket.BTPROTO_RFCOMM) as listening:
        listening.setblocking(False)
        listening.bind((phone, 3))
        listening.listen(1)
        await service.open(Settings(f"bt://{phone}/3"))
        for times in range(2):
            app, _ = await loop.sock_accept(listening)
            await until(lambda: service.status.state is State.LIVE, "the connection", SLOW)
            await loop.sock_sendall(app, f"ping {times}\n".encode())
            await until(lambda times=times: f"ping {times}" in texts(Direction.RX), "the ping", SLOW)  # type: ignore[misc]
            service.send("test message")
            assert await loop.sock_recv(app, 100) == b"test message\r\n"
            app.close()
            await until(lambda times=times: len(texts(Direction.NOTE)) > 2 * times, "the loss", SLOW)  # type: ignore[misc]
        app, _ = await loop.sock_accept(listening)
        app.close()
    await service.close()
    assert texts(Direction.NOTE)[0] == "lost: connection closed"
    assert texts(Direction.NOTE)[1].startswith("open again, gap ")


def _python_with_bluetooth() -> str:
    """A Python like this one, for its libraries are used, with Bluetooth sockets."""
    for python in (sys.executable, "/usr/bin/python3"):
        ask = "import socket, sys; print(hasattr(socket, 'AF_BLUETOOTH'), *sys.version_info[:2])"
        answer = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
        if answer.stdout.split() == ["True", *map(str, sys.version_info[:2])]:
            return python
    pytest.skip("needs a Python of this version with AF_BLUETOOTH")
