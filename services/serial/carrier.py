"""Waiting for the other side of a Bluetooth port: its file opens at once, whether anybody is there or not."""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import struct
import termios

from opsterm.services.serial.errors import SerialError

_SECONDS = 20.0
"""Longer than a page time-out of Bluetooth (5 s) and the search for the service after it."""
_POLL_SECONDS = 0.05


def needs_carrier(port: str) -> bool:
    """Whether opening `port` only begins to connect, as with the device files of rfcomm(1)."""
    names = (os.path.basename(port), os.path.basename(os.path.realpath(port)))
    return any(name.startswith("rfcomm") for name in names)


async def await_carrier(fd: int, port: str) -> None:
    """Return when the other side of the open port is there. Raises SerialError when it does not answer."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _SECONDS
    while not has_carrier(fd):
        events = dict(poll.poll(0)).get(fd, 0)
        if events & (select.POLLHUP | select.POLLERR) or loop.time() > deadline:
            raise SerialError(f"No answer through {port}.", "Is the device switched on and in reach?")
        if events & select.POLLIN:
            return  # it talks: then it is there, whatever it does with its lines
        await asyncio.sleep(_POLL_SECONDS)


def has_carrier(fd: int) -> bool:
    """Whether carrier detect (CD) is on; true also for a port that has no such line."""
    try:
        lines = fcntl.ioctl(fd, termios.TIOCMGET, b"\0" * 4)
    except OSError:
        return True
    return bool(struct.unpack("I", lines)[0] & termios.TIOCM_CAR)
