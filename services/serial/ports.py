"""The serial ports of this machine, with who holds them and what is in the way; at once, and as they change."""

from __future__ import annotations

import asyncio
import glob
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serial.tools import list_ports as pyserial_ports
from serial.tools.list_ports_common import ListPortInfo, numsplit

from opsterm.services.serial.access import missing_access
from opsterm.services.serial.holders import find_holders
from opsterm.services.serial.watch import Watch
from opsterm.services.text import clean
from opsterm.services.threads import in_thread

if TYPE_CHECKING:
    from opsterm.services.serial.links.paired import Paired

_MORE = ("/dev/rfcomm*", "/dev/ttymxc*", "/dev/ttyO[0-9]*", "/dev/ttyTHS*", "/dev/ttyGS*")
"""Ports that pySerial leaves out; the built-in ones of boards count as `platform` there."""
_DEV = "/dev"
_BY_ID = "/dev/serial/by-id"
ANY_PORT = f"{_DEV}/new"
"""A path to watch for: a port that comes or goes changes its folder."""
_SETTLE_SECONDS = 0.1
_BLUETOOTH = "/sys/class/bluetooth"
"""Made by the kernel's Bluetooth, whether there is an adapter or not."""


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port of this machine, or a Bluetooth device that is paired with it.

    `device` is its path, or what opens it (`bt://AA:BB:CC:DD:EE:FF`); `id` what names it wherever it is plugged in
    (`usb:VID:PID:SERIAL`), if anything does; `link` its lasting path in /dev/serial/by-id; `held_by` who has it
    (`locked by tio (pid 4711)`); `problem` why it cannot be opened, other than that. All are safe text but for the
    paths, and empty where there is nothing to say.
    """

    device: str
    description: str = ""
    id: str = ""
    held_by: str = ""
    problem: str = ""
    link: str = ""


async def list_ports() -> list[Port]:
    """The ports there are now, in natural order (ttyUSB2 before ttyUSB10)."""
    return await in_thread(scan_ports, "list serial ports")


async def watch_ports() -> AsyncGenerator[list[Port], None]:
    """The list of ports, at once and again after each change; after them the Bluetooth devices that are paired.

    Woken by the file system and by BlueZ, not by polling.
    """
    paired: Paired | None = None
    with Watch(f"{_DEV}/new", f"{_BY_ID}/new") as watch:
        last: list[Port] | None = None
        try:
            while True:
                watch.clear()
                ports = await list_ports()
                if paired is not None:
                    ports += paired.ports
                if ports != last:
                    last = ports
                    yield ports
                if has_bluetooth():
                    if paired is None:
                        paired = (await in_thread(_load_paired, "load Bluetooth"))(watch.wake)
                    paired.follow()
                await watch.wait()
                await asyncio.sleep(_SETTLE_SECONDS)  # a device brings several changes: file, owner, links
        finally:
            if paired is not None:
                await paired.close()


def has_bluetooth() -> bool:
    """Whether the kernel has Bluetooth, loaded."""
    return os.path.isdir(_BLUETOOTH)


def _load_paired() -> type[Paired]:
    from opsterm.services.serial.links.paired import Paired  # noqa: PLC0415  with its libraries, where it is of use

    return Paired


def scan_ports() -> list[Port]:
    """`list_ports` for a thread of the caller's: it reads /sys and walks /proc."""
    known = _known_ports()
    links = {os.path.realpath(link): link for link in glob.glob(f"{_BY_ID}/*")}
    holders = find_holders(known)
    return [
        Port(
            device,
            _description(info),
            _identity(info),
            str(holders.get(device, "")),
            missing_access(device),
            links.get(os.path.realpath(device), ""),
        )
        for device, info in known.items()
    ]


@dataclass(frozen=True, slots=True)
class Presence:
    """A port that is there, known cheaply: no holders, no rights.

    `id` is as in `Port`; `interface` tells the ports of one adapter apart; `serial_number` is empty where it has
    none. `made` is the inode and the time (ns) of its device file: a port that was away has others.
    """

    device: str
    id: str
    interface: str
    serial_number: str
    made: tuple[int, int]


def present_ports() -> list[Presence]:
    """The ports there are, in natural order; reads /sys, so it belongs in a thread."""
    found = []
    for device, info in _known_ports().items():
        try:
            about = os.stat(device)
        except OSError:
            continue  # it went meanwhile
        interface = (info.location or "").partition(":")[2] if info else ""
        serial_number = clean(info.serial_number or "") if info else ""
        made = (about.st_ino, about.st_ctime_ns)
        found.append(Presence(device, _identity(info), interface, serial_number, made))
    return found


def _known_ports() -> dict[str, ListPortInfo | None]:
    known: dict[str, ListPortInfo | None] = {info.device: info for info in pyserial_ports.comports()}
    for pattern in _MORE:
        for device in glob.glob(pattern):
            known.setdefault(device, None)
    return dict(sorted(known.items(), key=lambda item: numsplit(item[0])))


def _description(info: ListPortInfo | None) -> str:
    text = (info.product or info.description) if info else ""
    return "" if not text or text == "n/a" else clean(text)


def _identity(info: ListPortInfo | None) -> str:
    if info is None or info.vid is None:
        return ""
    serial = f":{info.serial_number}" if info.serial_number else ""
    return clean(f"usb:{info.vid:04x}:{info.pid:04x}{serial}")
