"""Sockets of RFCOMM, the serial line of Bluetooth classic: connected by us, or by BlueZ."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys
import termios

from opsterm.services.serial.links.sockets import SocketLink, connect

_AF_BLUETOOTH = 31
_BTPROTO_RFCOMM = 3


async def connect_rfcomm(address: str, channel: int) -> socket.socket:
    """A socket that is connected to `channel` of the device. Raises OSError.

    Where Python was built without Bluetooth, as most that do not come from the system were, the C library connects.
    """
    if hasattr(socket, "AF_BLUETOOTH"):
        unconnected = socket.socket(socket.AF_BLUETOOTH, socket.SOCK_STREAM, socket.BTPROTO_RFCOMM)
        return await connect(unconnected, (address, channel))
    if sys.platform != "linux":
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    unconnected = socket.socket(_AF_BLUETOOTH, socket.SOCK_STREAM, _BTPROTO_RFCOMM)
    try:
        unconnected.setblocking(False)
        _begin(unconnected, address, channel)
        await _writable(unconnected)
        if number := unconnected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(number, os.strerror(number))
    except BaseException:
        unconnected.close()
        raise
    return unconnected


def _begin(unconnected: socket.socket, address: str, channel: int) -> None:
    """connect(2) with a `struct sockaddr_rc` of <bluetooth/rfcomm.h>: the address has its last byte first."""
    name = struct.pack("=H6sBx", _AF_BLUETOOTH, bytes.fromhex(address.replace(":", ""))[::-1], channel)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(unconnected.fileno(), name, len(name)) and ctypes.get_errno() != errno.EINPROGRESS:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


async def _writable(unconnected: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_writer(unconnected, settle)
    try:
        await ready
    finally:
        loop.remove_writer(unconnected)


class RfcommLink(SocketLink):
    """An RFCOMM socket that is connected."""

    def unacknowledged(self) -> int:
        """Bytes that wait to be sent: the kernel answers TIOCOUTQ with the room that is left, not with these."""
        room = struct.unpack("i", fcntl.ioctl(self.reading.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
        return self.reading.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - int(room)
