"""A USB adapter pulled and put back: the rig's virtual machine has a real one, of FTDI's kind.

The test outside boots the machine, pulls the adapter and talks at its far end; the one inside has opsterm open.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
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
        test = f"{Path(__file__).relative_to(ROOT)}::test_inside_the_machine"
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
async def test_inside_the_machine() -> None:
    port = os.environ["RIG_PORT"]
    out = Path(os.environ["OUT"])
    service = SerialService()

    async def reach(step: str, check: Callable[[], object]) -> None:
        await until(check, step, SLOW)
        (out / step).touch()

    def heard(text: str) -> bool:
        return any(line.text == text for line in service.ring.since(0))

    await service.open(Settings(port))
    await reach("open", lambda: service.status.state is State.LIVE)
    assert service.device == "/dev/ttyUSB0"
    await reach("heard", lambda: heard("before"))
    await reach("lost", lambda: service.status.state is State.LOST)
    await reach("again", lambda: service.status.state is State.LIVE)
    await until(lambda: heard("after"), "the line after it", SLOW)
    notes = [line.text for line in service.ring.since(0) if line.direction is Direction.NOTE]
    assert notes[0] == "lost: device disconnected"
    assert notes[1].startswith("open again")
    assert len(notes) == 2
    await service.close()
