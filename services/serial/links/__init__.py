"""Connections, one kind a file: which of them a port is, its text tells."""

from __future__ import annotations

from opsterm.services.serial.links.base import Link, Received, Sent, Target
from opsterm.services.serial.links.ble import BleTarget
from opsterm.services.serial.links.bluetooth import BluetoothTarget
from opsterm.services.serial.links.bluetooth_server import BluetoothServerTarget
from opsterm.services.serial.links.sockets import TcpTarget, UnixTarget
from opsterm.services.serial.links.tty import TtyTarget

__all__ = ["Link", "Received", "Sent", "Target", "target_for"]


def target_for(port: str) -> Target:
    """What `port` names. Raises BadSettingError when it is written wrongly."""
    scheme, colon, _ = port.partition(":")
    match scheme if colon else "":
        case "socket":
            return TcpTarget(port)
        case "rfc2217":
            from opsterm.services.serial.links.rfc2217 import Rfc2217Target  # noqa: PLC0415  few need it

            return Rfc2217Target(port)
        case "bt":
            return BluetoothTarget(port)
        case "bt-server":
            return BluetoothServerTarget(port)
        case "ble":
            return BleTarget(port)
        case "unix":
            return UnixTarget(port)
    return TtyTarget(port)
