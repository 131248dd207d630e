"""Bluetooth through the real BlueZ, in the rig's virtual machine: a device called, a phone that calls, and LE.

The tests outside boot the machine, the ones inside have the service open. Of its two controllers hci0 is ours and
hci1 the phone's; BlueZ runs both. With LE the peripheral is bumble's.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from opsterm.services.lines import Direction
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.needs import ROOT, need, rig
from tests.terminal import Terminal, restored
from tests.waiting import until, until_now

pytestmark = pytest.mark.rig

INSIDE = "RIG_BLUETOOTH" in os.environ
SLOW = 90.0  # seconds: the machine is emulated, and Python starts slowly in there
DAEMON = "/usr/libexec/bluetooth/bluetoothd"
PYTHON = "/usr/bin/python3"
PHONE = ROOT / "tests" / "bluez_phone.py"
SERVER = "bt-server://?channel=22&unpaired=yes"
STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"


def boot(mode: str, test: str) -> None:
    """Have the machine run `test` of this file."""
    need("bluetooth")
    script = rig()
    assert script is not None
    name = f"{Path(__file__).relative_to(ROOT)}::{test}"
    done = subprocess.run(  # noqa: PLW1510  its status is asserted with what it printed
        ["bash", str(script / "bluetooth"), "run", sys.executable, "-m", "pytest", "-p", "no:cacheprovider", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "MODE": mode, "TIMEOUT": "220"},
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout


outside = pytest.mark.skipif(INSIDE, reason="this is the side that boots the machine")
inside = pytest.mark.skipif(not INSIDE, reason="runs in the rig's virtual machine")


@outside
@pytest.mark.timeout(240)
def test_a_device_called_and_a_phone_that_calls() -> None:
    ask = "import socket; print(hasattr(socket, 'AF_BLUETOOTH'))"
    answer = subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, check=False)
    if answer.stdout.strip() != "True":
        pytest.skip(f"needs a {PYTHON} with AF_BLUETOOTH, as the phone")
    boot("bare", "test_classic_inside")


@outside
@pytest.mark.timeout(240)
def test_a_peripheral_with_nordics_uart() -> None:
    boot("bluez", "test_le_inside")


def run(*command: str) -> str:
    """What a command of the system prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr


class Port:
    """A service with one port, and what came of it."""

    def __init__(self, url: str) -> None:
        self.service = SerialService()
        self.url = url

    async def __aenter__(self) -> Port:
        await self.service.open(Settings(self.url))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.service.close()

    async def is_open(self) -> None:
        await until(lambda: self.service.status.state is State.LIVE, f"{self.url} open", SLOW)

    async def says(self, reason: str) -> None:
        await until(lambda: self.service.status.reason.startswith(reason), f"{self.url}: {reason}", SLOW)

    def texts(self, direction: Direction) -> list[str]:
        return [line.text for line in self.service.ring.since(0) if line.direction is direction]

    async def hears(self, text: str) -> None:
        await until(lambda: text in self.texts(Direction.RX), f"'{text}' from {self.url}", SLOW)


class Phone:
    """The far side, in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._heard = bytearray()

    async def __aenter__(self) -> Phone:
        pipe = subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            PYTHON, str(PHONE), *self._arguments, stdin=pipe, stdout=pipe, stderr=pipe
        )
        if self._arguments[0] == "listen":
            await self._said("ready")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()

    async def is_open(self) -> None:
        await self._said("open")

    async def is_refused(self) -> bool:
        assert self._process.stderr
        return b"ConnectionRefusedError" in await self._process.stderr.read()

    async def _said(self, word: str) -> None:
        assert self._process.stderr
        assert (line := await self._process.stderr.readline()).decode().strip() == word, line

    def say(self, data: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(data)

    async def hears(self, wanted: bytes) -> None:
        assert self._process.stdout
        while wanted not in self._heard:
            data = await self._process.stdout.read(4096)
            assert data, f"the phone's line ended with {bytes(self._heard)!r}"
            self._heard += data


async def talk(port: Port, phone: Phone, number: int) -> None:
    """A line each way."""
    phone.say(f"ping {number} from android\n".encode())
    await port.hears(f"ping {number} from android")
    port.service.send(f"test message {number}")
    await phone.hears(f"test message {number}\r\n".encode())


@inside
@pytest.mark.timeout(200)
async def test_classic_inside() -> None:
    ours, theirs = os.environ["BT_LOCAL"], os.environ["BT_PHONE"]
    with subprocess.Popen([DAEMON, "--nodetach", "--compat"], stdout=subprocess.DEVNULL) as daemon:
        known = f"/org/bluez/hci0/dev_{theirs.replace(':', '_')}"
        until_now(lambda: run("busctl", "tree", "org.bluez", "--list").count("/hci") == 2, "both adapters", SLOW, 0.2)
        for adapter in ("hci0", "hci1"):
            run("hciconfig", adapter, "sspmode", "0")
            run("hciconfig", adapter, "piscan")
        run("sdptool", "add", "--channel=11", "SP")
        run("l2ping", "-i", "hci0", "-c", "1", theirs)  # from then on BlueZ knows the phone
        until_now(lambda: known in run("busctl", "tree", "org.bluez", "--list"), "the phone in BlueZ", SLOW, 0.2)
        await keep(known)

        async with Port(f"bt://{theirs}") as port:
            for number in range(2):  # BlueZ finds the channel; the phone leaves, and is called again
                async with Phone("listen", theirs, "11") as phone:
                    await phone.is_open()
                    await port.is_open()
                    await talk(port, phone, number)
                await until(lambda number=number: port.service.counters.errors > number, "the loss", SLOW)  # type: ignore[misc]
            assert port.texts(Direction.NOTE)[0] == "lost: connection closed"
            await port.says(f"{theirs} refuses the connection.")

        async with Port(f"bt://{theirs}/11") as port, Phone("listen", theirs, "11") as phone:
            await port.is_open()  # the kernel alone
            await talk(port, phone, 2)

        async with Port(SERVER) as server:
            for number in range(2):  # the phone calls, leaves and calls again
                await until_in_thread(registered, "the server in BlueZ")
                async with Phone("connect", theirs, ours, "22") as phone:
                    await server.is_open()
                    await talk(server, phone, number)
                await until(lambda number=number: server.service.counters.errors > number, "the loss", SLOW)  # type: ignore[misc]
            assert server.texts(Direction.NOTE)[0] == "lost: connection closed"
            assert server.service.status.hint == "Waiting for a device to connect."
            await until_in_thread(registered, "the server in BlueZ")
            async with Phone("listen", theirs, "11") as phone, Port(f"bt://{theirs}") as port:
                await port.is_open()  # a device is called while another is waited for
                await talk(port, phone, 3)
            async with Phone("connect", theirs, ours, "22") as phone:
                await server.is_open()
                await talk(server, phone, 4)

        async with Port("bt-server://") as server:  # any channel, found by the phone; only for whoever is paired
            await until_in_thread(registered, "the server in BlueZ")
            offered = re.search(
                r"opsterm\n(?:.*\n)*?.*Channel: (\d+)", run("sdptool", "search", "--bdaddr", "local", "SP")
            )
            assert offered
            async with Phone("connect", theirs, ours, offered[1]) as phone:
                assert await phone.is_refused()
            assert server.service.status.state is State.STARTING

        await asyncio.to_thread(in_a_terminal, ours, theirs)
        async with Port("bt://00:AA:01:01:00:09") as port:
            await port.says("00:AA:01:01:00:09 is not paired.")
        for adapter in ("hci0", "hci1"):
            run(
                "busctl",
                "set-property",
                "org.bluez",
                f"/org/bluez/{adapter}",
                "org.bluez.Adapter1",
                "Powered",
                "b",
                "no",
            )
        async with Port(f"bt://{theirs}") as port, Port("bt-server://") as server:
            await port.says("No Bluetooth adapter is switched on.")
            await server.says("No Bluetooth adapter is switched on.")
            daemon.terminate()
            daemon.wait()
            await port.says("BlueZ is not running.")
            await server.says("BlueZ is not running.")


async def keep(device: str) -> None:
    """Have BlueZ not forget a device that is not paired after half a minute."""
    run("busctl", "set-property", "org.bluez", device, "org.bluez.Device1", "Trusted", "b", "yes")


def registered() -> bool:
    """Whether our server is among what this computer offers."""
    adapter = run("busctl", "get-property", "org.bluez", "/org/bluez/hci0", "org.bluez.Adapter1", "UUIDs")
    return "00001101-" in adapter and "opsterm" in run("sdptool", "search", "--bdaddr", "local", "SP")


def in_a_terminal(ours: str, theirs: str) -> None:
    """A phone connects to the laptop: its line is on the screen, and what is typed reaches it."""
    pipe = subprocess.PIPE
    with Terminal("serial", SERVER, columns=120, rows=40) as terminal:
        until_now(registered, "the server in BlueZ", SLOW, 0.2)
        phone = [PYTHON, str(PHONE), "connect", theirs, ours, "22"]
        with subprocess.Popen(phone, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(b"ping from android\n")
            process.stdin.flush()
            terminal.wait_for(re.compile(STAMP + r" Rx <== ping from android"), SLOW)
            assert "● open" in terminal.line(1)
            terminal.send("test message")
            terminal.key("enter")
            assert process.stdout.readline() == b"test message\r\n"
            terminal.wait_for(re.compile(STAMP + r" Tx ==> test message"), SLOW)
            process.stdin.close()
        terminal.wait_for("Waiting for a device to connect.", SLOW)
        terminal.key("ctrl+q")
        assert terminal.wait_exit(SLOW) == 0
        assert restored(terminal.output)


async def until_in_thread(check: Callable[[], bool], what: str) -> None:
    """`until` for a check that blocks."""
    await asyncio.to_thread(until_now, check, what, SLOW, 0.2)


@inside
@pytest.mark.timeout(200)
async def test_le_inside() -> None:
    from tests.ble_peripheral import NAME, Peripheral  # noqa: PLC0415  bumble, only where it is used

    async with Peripheral() as peripheral:

        def powered() -> bool:
            run("busctl", "set-property", "org.bluez", "/org/bluez/hci0", "org.bluez.Adapter1", "Powered", "b", "yes")
            path = ("org.bluez", "/org/bluez/hci0", "org.bluez.Adapter1", "Powered")
            return run("busctl", "get-property", *path).strip() == "b true"

        await until_in_thread(powered, "the adapter")
        async with Port(f"ble://{NAME.lower()}") as port:
            for number in range(2):
                await peripheral.advertise()
                await port.is_open()
                await peripheral.say(f"21.{number} °C, as it was measured\n".encode())
                await port.hears(f"21.{number} °C, as it was measured")
                port.service.send(f"test message {number} {'x' * 1000}")
                await until(lambda number=number: peripheral.lines == number + 1, "the line", SLOW)  # type: ignore[misc]
                await peripheral.leave()
                await until(lambda number=number: port.service.counters.errors > number, "the loss", SLOW)  # type: ignore[misc]
            assert peripheral.heard.decode().split("\r\n")[:2] == [f"test message {n} {'x' * 1000}" for n in range(2)]
            assert max(peripheral.writes) > 20
            notes = port.texts(Direction.NOTE)
            assert notes[0] == "lost: device disconnected"
            assert notes[1].startswith("open again, gap ")
        await peripheral.advertise()
        known = "/org/bluez/hci0/dev_F0_F1_F2_F3_F4_F5"
        said = await asyncio.to_thread(run, "busctl", "call", "org.bluez", known, "org.bluez.Device1", "Connect")
        assert not said.strip()
        async with Port(f"ble://{NAME}") as port:  # connected already, as a killed program leaves it
            await port.is_open()
            await peripheral.say(b"still here\n")
            await port.hears("still here")
