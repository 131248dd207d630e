"""A stream socket in place of a device: ser2net and `tio -S` over TCP, or whatever listens on a path."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import socket
import struct
import termios
import time
from contextlib import suppress
from typing import Self

from opsterm.services.serial.clock import Clock
from opsterm.services.serial.errors import DisconnectedError, NoSuchPortError, NotAllowedError, SerialError
from opsterm.services.serial.explain import WAITING
from opsterm.services.serial.links.address import host_and_port, shown
from opsterm.services.serial.links.base import Received, Sent
from opsterm.services.serial.links.stream import StreamLink
from opsterm.services.serial.settings import Settings
from opsterm.services.threads import in_thread

CONNECT_SECONDS = 3.0
_DRAIN_SECONDS = 0.4
_POLL_SECONDS = 0.02
_KEEPALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
"""Seconds of silence until it asks, seconds between questions, and how many: a dead host is known after 25 s."""


class TcpTarget:
    """`socket://HOST:PORT`."""

    watched: tuple[str, ...] = ()
    moved = ""
    waiting = ""

    def __init__(self, port: str) -> None:
        self.device = port
        self._host, self._port = host_and_port(port)
        self._name = shown(self._host, self._port)

    async def open(self, settings: Settings, received: Received, sent: Sent, clock: Clock) -> SocketLink:  # noqa: ARG002
        """Connect to the first of the host's addresses that answers. Raises SerialError."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                connected = await self._connect()
        except (OSError, TimeoutError) as error:
            raise explain_connect(error, self._name, CONNECT_SECONDS) from error
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            if hasattr(socket, option):
                connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        return await SocketLink.over(connected, self._name, received, sent, clock)

    async def _connect(self) -> socket.socket:
        host, port = self._host, self._port
        addresses = await in_thread(
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), f"look up {self._name}"
        )
        failure: OSError = TimeoutError()
        for family, _, _, _, address in addresses:
            try:
                async with asyncio.timeout(CONNECT_SECONDS / len(addresses)):
                    return await connect(socket.socket(family, socket.SOCK_STREAM), address)
            except OSError as error:  # a time-out is one, too
                failure = error
        raise failure


class UnixTarget:
    """`unix:/path`: a socket in the file system."""

    moved = ""
    waiting = ""

    def __init__(self, port: str) -> None:
        self.device = port.removeprefix("unix:").removeprefix("//")
        self.watched = (self.device,)

    async def open(self, settings: Settings, received: Received, sent: Sent, clock: Clock) -> SocketLink:  # noqa: ARG002
        """Connect to whoever listens there. Raises SerialError."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                connected = await connect(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), self.device)
        except (OSError, TimeoutError) as error:
            raise explain_connect(error, self.device, CONNECT_SECONDS) from error
        return await SocketLink.over(connected, self.device, received, sent, clock)


async def connect(unconnected: socket.socket, address: object) -> socket.socket:
    """The socket, connected and not blocking; closed where that fails. Raises OSError."""
    unconnected.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(unconnected, address)  # type: ignore[arg-type]
    except BaseException:
        unconnected.close()
        raise
    return unconnected


class SocketLink(StreamLink):
    """A socket that is connected."""

    has_rate = False

    def __init__(self, reading: socket.socket, name: str, received: Received, sent: Sent, clock: Clock) -> None:
        super().__init__(name, received, sent, clock)
        self.reading = reading

    @classmethod
    async def over(cls, connected: socket.socket, name: str, received: Received, sent: Sent, clock: Clock) -> Self:
        """The link over a connected socket, which is the link's from then on."""
        # The transport closes its own when writing fails; the thread reads a copy, which stays until it has ended.
        link = cls(connected.dup(), name, received, sent, clock)
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(lambda: link, sock=connected)
        except BaseException:
            connected.close()
            link.reading.close()
            raise
        link.begin(transport, link.reading.fileno())
        return link

    async def tune(self, settings: Settings) -> None:
        """A socket has nothing to tune: rate and frame are the business of the other side."""

    def release(self) -> None:
        """Close it; what the kernel still holds has a moment to leave."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        with suppress(OSError):
            while self.unacknowledged() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
            self.reading.shutdown(socket.SHUT_RDWR)
        self.reading.close()

    def unacknowledged(self) -> int:
        """Bytes that the other side's kernel has not acknowledged; SIOCOUTQ of tcp(7) and unix(7)."""
        return int(struct.unpack("i", fcntl.ioctl(self.reading.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])

    def explain_loss(self, error: OSError | None) -> SerialError:
        """What to say when the other side has closed, or nobody answers any more."""
        why = f": {os.strerror(error.errno)}" if error is not None and error.errno else ""
        return DisconnectedError(f"Connection closed ({self.name}){why}.", "Connecting again.")


def explain_connect(error: OSError, where: str, seconds: float) -> SerialError:
    """What it means that connecting to `where` failed, or took more than `seconds`."""
    if isinstance(error, TimeoutError):
        return SerialError(f"No answer from {where} within {seconds:g} s.", "Is it up, and no firewall between?")
    if isinstance(error, socket.gaierror):
        host = where.rpartition(":")[0]
        return SerialError(f"No address for '{host}': {error.strerror}.", "Check the name.")
    if error.errno == errno.ECONNREFUSED:
        program = "the program that made it" if where.startswith("/") else "ser2net"
        return SerialError(f"Connection refused by {where} (is {program} running?).")
    if error.errno == errno.ENOENT:
        return NoSuchPortError(f"No such socket: {where}.", WAITING)
    if error.errno in (errno.EACCES, errno.EPERM):
        return NotAllowedError(f"Permission denied: {where}.")
    return SerialError(f"Cannot connect to {where}: {os.strerror(error.errno or 0)}.")
