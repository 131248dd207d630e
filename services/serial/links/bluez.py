"""BlueZ, the Bluetooth service of Linux, on the system's D-Bus: calling it, and being called by it.

Its interfaces: org.bluez.Adapter(5), org.bluez.Device(5), org.bluez.Profile(5), org.bluez.ProfileManager(5).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from opsterm.services.serial.errors import SerialError, UnsupportedError
from opsterm.services.serial.ports import has_bluetooth
from opsterm.services.threads import in_thread

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

Objects: TypeAlias = dict[str, dict[str, dict[str, Any]]]
"""By path and interface the properties of all that BlueZ knows."""
Called: TypeAlias = Callable[[str, list[Any], list[int]], bool]
"""Called on the loop with the method, its arguments and its descriptors; says whether BlueZ may go on."""

NAME = "org.bluez"
ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
_SECONDS = 3.0
_CLOSE_SECONDS = 0.3
_BUS = "org.freedesktop.DBus"


class BluezError(Exception):
    """BlueZ, or the bus in its place, refuses: `name` of the error, and `text`, such as `br-connection-refused`."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text


class Bluez:
    """A connection to BlueZ. `gone` is done when BlueZ has ended, or the bus; `ending` when it is the bus."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._called: dict[str, Called] = {}
        self.heard: Callable[[Message], None] | None = None
        """Called on the loop with each signal of BlueZ that was asked for with `follow`."""
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ending = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        self.ending.add_done_callback(self._ended)
        bus.add_message_handler(self._take)

    @classmethod
    async def connect(cls, look_on: bool = False) -> Bluez:
        """Connect to the bus and see that BlueZ is there; it is started where the system does that by itself.

        To `look_on` BlueZ need not be there, and is not started. Raises SerialError.
        """
        if sys.platform != "linux":
            raise UnsupportedError("Only Linux has BlueZ.", "Pair it, and open its port, such as /dev/cu.HC-05.")
        await in_thread(_load, "load dbus-fast")
        from dbus_fast import BusType  # noqa: PLC0415  loaded by the thread, with what the next line needs
        from dbus_fast.aio import MessageBus  # noqa: PLC0415

        try:
            async with asyncio.timeout(_SECONDS):
                bus = await MessageBus(bus_type=BusType.SYSTEM, negotiate_unix_fd=True).connect()
        except (OSError, EOFError, ValueError) as error:  # a time-out is the first, a refused login the last
            raise not_running() from error
        bluez = cls(bus)
        try:
            await bluez.follow("NameOwnerChanged", sender=_BUS, arg0=NAME)
            if not look_on:
                await bluez.call("/", "org.freedesktop.DBus.Peer.Ping", seconds=_SECONDS)
        except BluezError as error:
            await bluez.close()
            raise explain(error, "BlueZ") from error
        except BaseException:
            await bluez.close()
            raise
        return bluez

    async def call(
        self,
        path: str,
        method: str,
        signature: str = "",
        *arguments: object,
        to: str = NAME,
        seconds: float | None = None,
    ) -> list[Any]:
        """What `method` (`org.bluez.Device1.Connect`) of the object at `path` answers. Raises BluezError.

        No answer within `seconds` is an error, too.
        """
        from dbus_fast import Message, MessageType  # noqa: PLC0415

        interface, _, member = method.rpartition(".")
        message = Message(to, path, interface, member, signature=signature, body=list(arguments))
        try:
            async with asyncio.timeout(seconds):
                answer = await self._bus.call(message)
        except TimeoutError:
            raise BluezError(f"{_BUS}.Error.NoReply", f"no answer within {seconds:g} s") from None
        except (OSError, EOFError) as error:
            raise BluezError(f"{_BUS}.Error.Disconnected", str(error)) from error
        if answer is None:
            raise BluezError(f"{_BUS}.Error.Disconnected", "the bus has ended")
        if answer.message_type is MessageType.ERROR:
            raise BluezError(answer.error_name or "", str(answer.body[0]) if answer.body else "")
        return answer.body

    async def runs(self) -> bool:
        """Whether BlueZ is there; it is not started for that. Raises BluezError."""
        (runs,) = await self.call(
            "/org/freedesktop/DBus", f"{_BUS}.NameHasOwner", "s", NAME, to=_BUS, seconds=_SECONDS
        )
        return bool(runs)

    async def objects(self) -> Objects:
        """All that BlueZ knows: adapters and devices. Raises BluezError."""
        from dbus_fast import unpack_variants  # noqa: PLC0415

        method = "org.freedesktop.DBus.ObjectManager.GetManagedObjects"
        (objects,) = await self.call("/", method, seconds=_SECONDS)
        unpacked: Objects = unpack_variants(objects)
        return unpacked

    async def follow(self, member: str, sender: str = NAME, arg0: str = "") -> None:
        """Have the signals `member` come from now on, where given only with `arg0` first. Raises BluezError."""
        rule = f"type='signal',sender='{sender}',member='{member}'" + (f",arg0='{arg0}'" if arg0 else "")
        await self.call("/org/freedesktop/DBus", f"{_BUS}.AddMatch", "s", rule, to=_BUS, seconds=_SECONDS)

    def serve(self, path: str, called: Callable[[str, list[Any], list[int]], bool]) -> None:
        """Be an object at `path`: `called` decides about each call."""
        self._called[path] = called

    async def close(self) -> None:
        """End the connection; BlueZ forgets what was registered over it. May be called again."""
        self._bus.disconnect()
        await asyncio.wait([self.ending], timeout=_CLOSE_SECONDS)
        self.ending.cancel()

    def _take(self, message: Message) -> Message | bool | None:
        from dbus_fast import Message, MessageType  # noqa: PLC0415

        if message.message_type is MessageType.SIGNAL:
            if message.member == "NameOwnerChanged" and message.body[0] == NAME and not message.body[2]:
                self._gone()
            if self.heard is not None:
                self.heard(message)
            return None
        called = self._called.get(message.path or "")
        if message.message_type is not MessageType.METHOD_CALL or called is None:
            return None
        if called(message.member or "", message.body, list(message.unix_fds)):
            return Message.new_method_return(message)
        return Message.new_error(message, f"{NAME}.Error.Rejected", "not wanted")

    def _ended(self, ending: asyncio.Future[None]) -> None:
        if not ending.cancelled():
            ending.exception()  # why the bus has ended makes no difference
        self._gone()

    def _gone(self) -> None:
        with contextlib.suppress(asyncio.InvalidStateError):
            self.gone.set_result(None)


def adapters(objects: Objects) -> list[str]:
    """The paths of the adapters that are switched on. Raises SerialError when none is."""
    all_of_them = {path: interfaces[ADAPTER] for path, interfaces in objects.items() if ADAPTER in interfaces}
    if not all_of_them:
        raise SerialError("There is no Bluetooth adapter.", "Plug one in.")
    on = [path for path, properties in all_of_them.items() if properties.get("Powered")]
    if not on:
        raise no_power()
    return on


def not_running() -> SerialError:
    """What to say where BlueZ does not answer."""
    if not has_bluetooth():
        return UnsupportedError(
            "The system has no Bluetooth.", "Plug an adapter in, or load the kernel's module: sudo modprobe btusb."
        )
    return SerialError("BlueZ is not running.", "Start it: sudo systemctl start bluetooth.")


def no_power() -> SerialError:
    """What to say where every adapter is off."""
    return SerialError("No Bluetooth adapter is switched on.", "Try: bluetoothctl power on.")


def explain(error: BluezError, where: str) -> SerialError:
    """What `error` of BlueZ means for `where`, an address. Texts: src/error.h of BlueZ; before 5.63 strerror(3)."""
    name, text = error.name.rpartition(".")[2], error.text
    if error.name.startswith((f"{_BUS}.Error.Spawn", "org.freedesktop.systemd1.")) or name in _ABSENT:
        return not_running()
    if name == "AccessDenied":
        return SerialError(
            "D-Bus does not let you use BlueZ.", "Run: sudo usermod -aG bluetooth $USER, then log in again."
        )
    if name in ("UnknownObject", "UnknownMethod"):
        return not_paired(where)
    if name == "NotReady" or "not-powered" in text:
        return no_power()
    if name.startswith("Authentication") or any(word in text for word in _NOT_LET_IN):
        return not_paired(where)
    if any(word in text for word in _NO_ANSWER):
        return SerialError(f"No answer from {where}.", "Is the device switched on and in reach?")
    if "refused" in text:
        return SerialError(f"{where} refuses the connection.", "Has another computer or phone it?")
    if any(word in text for word in _NO_SERVICE) or name in ("NotAvailable", "DoesNotExist", "NotSupported"):
        return SerialError(f"{where} does not offer this service.", f"See what it offers: bluetoothctl info {where}.")
    if name in ("InProgress", "AlreadyConnected") or "busy" in text:
        return SerialError(f"{where} is being connected by somebody else.", "Trying again.")
    if name == "NotPermitted":
        return SerialError("Another program offers the serial port over Bluetooth already.", "Close it there.")
    return SerialError(f"Cannot connect to {where}: {text or error.name}.")


def not_paired(where: str) -> SerialError:
    """What to say of a device that BlueZ does not know, or that does not let us in."""
    return SerialError(f"{where} is not paired.", f"Run: bluetoothctl pair {where}, after: bluetoothctl scan on.")


_ABSENT = ("ServiceUnknown", "NameHasNoOwner", "NoReply", "Disconnected", "NoServer", "TimedOut", "Timeout")
_NOT_LET_IN = ("key-missing", "Permission denied", "Invalid exchange")
_NO_ANSWER = ("Host is down", "page-timeout", "timed out", "connection-timeout", "No route", "sdp-search")
_NO_SERVICE = ("profile-unavailable", "not-supported", "Protocol not available")


def _load() -> None:
    import dbus_fast.aio  # noqa: F401, PLC0415  takes a tenth of a second
