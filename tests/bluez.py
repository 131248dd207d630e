"""BlueZ and the bus under it, on the same wire, for what a real one does not do on demand.

A dbus-daemon of our own, and on it a service of BlueZ's name with one adapter and the devices that a test puts there.
What connects gets one end of a socket pair; the other is the device. `test_serial_bluez_rig.py` has the real one.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.needs import need

pytest.importorskip("dbus_fast", reason="BlueZ is Linux's")
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

ADAPTER = "/org/bluez/hci0"
PHONE = "00:AA:01:01:00:01"
SERIAL_PORT = "00001101-0000-1000-8000-00805f9b34fb"
CONFIG = """<busconfig><type>system</type><listen>unix:path=SOCKET</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
<allow user="*"/></policy></busconfig>"""


class Bus:
    """A dbus-daemon of our own."""

    def __init__(self, folder: Path) -> None:
        need("dbus-daemon")
        self._socket = folder / "bus"
        config = folder / "bus.conf"
        config.write_text(CONFIG.replace("SOCKET", str(self._socket)))
        self._daemon = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._daemon.stdout
        assert self._daemon.stdout.readline(), "the bus did not start"
        self.address = f"unix:path={self._socket}"

    def close(self) -> None:
        self._daemon.terminate()
        self._daemon.communicate()


class FakeBluez:
    """A service of BlueZ's name on `bus`; lives on the running loop."""

    def __init__(self, bus: Bus) -> None:
        self._address = bus.address
        self._bus: Any = None
        self.objects: dict[str, dict[str, dict[str, Any]]] = {
            ADAPTER: {"org.bluez.Adapter1": {"Address": "00:AA:01:00:00:00", "Powered": True, "UUIDs": []}}
        }
        self.refusal: tuple[str, str] | None = None
        """Name and text of the error with which ConnectProfile is answered."""
        self.profiles: dict[str, tuple[str, str, dict[str, Any]]] = {}
        """By UUID, who registered it, his path, his options."""
        self.connections: list[socket.socket] = []
        """The far ends of all connections, the last one last."""
        self.called: list[str] = []
        """The UUIDs that were asked for with ConnectProfile."""
        self.silent = False
        """Answers ConnectProfile never."""
        self.full = False
        """Has no channel left for a server."""

    async def begin(self) -> None:
        self._bus = await MessageBus(self._address, negotiate_unix_fd=True).connect()
        self._bus.add_message_handler(self._answer)
        rule = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"
        bus = "org.freedesktop.DBus"
        await self._bus.call(Message(bus, "/org/freedesktop/DBus", bus, "AddMatch", signature="s", body=[rule]))
        await self._bus.request_name("org.bluez")

    async def end(self) -> None:
        """As when bluetoothd is stopped."""
        if self._bus is not None:
            self._bus.disconnect()
            await self._bus.wait_for_disconnect()
            self._bus = None
        self.profiles.clear()

    def close(self) -> None:
        for each in self.connections:
            each.close()

    def add(self, address: str = PHONE, name: str = "Phone", **properties: Any) -> str:
        """A device that is paired, where nothing else is said; returns its path."""
        path = f"{ADAPTER}/dev_{address.replace(':', '_')}"
        known = {"Address": address, "Name": name, "Alias": name, "Paired": True, "Connected": False, "UUIDs": []}
        self.objects[path] = {"org.bluez.Device1": {**known, "Adapter": ADAPTER, **properties}}
        return path

    async def tell(self, path: str, **changed: Any) -> None:
        """Change properties of an object, and say so to everybody."""
        (interface,) = self.objects[path]
        self.objects[path][interface].update(changed)
        await self._signal(
            path, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", interface, variants(changed), []
        )

    async def forget(self, path: str) -> None:
        """Remove a device, and say so to everybody."""
        interfaces = list(self.objects.pop(path))
        await self._signal("/", "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", "oas", path, interfaces)

    async def call_server(self, device: str) -> socket.socket:
        """Connect to the server that was registered, as the device at that path; returns the device's end."""
        owner, path, options = self.profiles[SERIAL_PORT]
        assert options["Role"] == "server"
        reply = await self._hand_over(owner, path, device)
        if reply.error_name:
            self.connections.pop().close()
            raise ConnectionRefusedError(reply.error_name)
        return self.connections[-1]

    async def _signal(self, path: str, interface: str, member: str, signature: str, *body: Any) -> None:
        await self._bus.send(Message.new_signal(path, interface, member, signature, list(body)))

    def _answer(self, message: Any) -> Any:
        if message.member == "NameOwnerChanged" and not message.body[2]:
            self._left(message.body[0])
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        match message.member:
            case "GetManagedObjects":
                objects = {
                    path: {interface: variants(properties) for interface, properties in interfaces.items()}
                    for path, interfaces in self.objects.items()
                }
                return Message.new_method_return(message, "a{oa{sa{sv}}}", [objects])
            case "RegisterProfile":
                path, uuid, options = message.body
                if uuid in self.profiles:
                    return Message.new_error(message, "org.bluez.Error.NotPermitted", "UUID already registered")
                options = {key: value.value for key, value in options.items()}
                self.profiles[uuid] = (message.sender, path, options)
                if options["Role"] == "server" and not self.full:
                    self.objects[ADAPTER]["org.bluez.Adapter1"]["UUIDs"] = [uuid]
                return Message.new_method_return(message)
            case "ConnectProfile":
                self.called.append(message.body[0])
                if message.path not in self.objects:
                    return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownObject", "no such object")
                asyncio.get_running_loop().create_task(self._connect(message))
                return True
        return None

    def _left(self, owner: str) -> None:
        """Forget what somebody has registered who has left the bus, as BlueZ does."""
        for uuid, profile in list(self.profiles.items()):
            if profile[0] == owner:
                del self.profiles[uuid]

    async def _connect(self, message: Any) -> None:
        if self.silent:
            return
        if self.refusal:
            self._bus.send(Message.new_error(message, *self.refusal))
            return
        for owner, path, options in self.profiles.values():
            if options["Role"] == "client" and options["Service"] == message.body[0]:
                await self._hand_over(owner, path, message.path)
                self._bus.send(Message.new_method_return(message))
                return
        self._bus.send(
            Message.new_error(message, "org.bluez.Error.NotAvailable", "br-connection-profile-unavailable")
        )

    async def _hand_over(self, owner: str, path: str, device: str) -> Any:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self.connections.append(ours)
        reply = await self._bus.call(
            Message(
                owner,
                path,
                "org.bluez.Profile1",
                "NewConnection",
                signature="oha{sv}",
                body=[device, 0, {}],
                unix_fds=[theirs.fileno()],
            )
        )
        theirs.close()
        return reply


def variants(properties: dict[str, Any]) -> dict[str, Any]:
    """Each value with the signature that D-Bus needs."""
    signatures = {str: "s", bool: "b", list: "as", int: "n"}
    return {
        name: Variant("o" if name == "Adapter" else signatures[type(value)], value)
        for name, value in properties.items()
    }


def received(far: socket.socket, wanted: bytes, heard: bytearray) -> bool:
    """Whether `wanted` is among what the far end has heard so far."""
    with contextlib.suppress(BlockingIOError):
        heard += far.recv(65536)
    return wanted in heard
