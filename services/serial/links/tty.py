"""A port with a device file: opened by pySerial, written through pyserial-asyncio's transport."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from serial_asyncio import connection_for_serial

from opsterm.services.serial.carrier import await_carrier, needs_carrier
from opsterm.services.serial.clock import Clock
from opsterm.services.serial.device import SerialPort, close_port, open_port, tune_port
from opsterm.services.serial.errors import DisconnectedError, SerialError
from opsterm.services.serial.explain import WAITING
from opsterm.services.serial.links.base import Received, Sent
from opsterm.services.serial.links.find import Finder
from opsterm.services.serial.links.stream import StreamLink
from opsterm.services.serial.links.tty_modem import TtyModem
from opsterm.services.serial.rate import actual_baud
from opsterm.services.serial.settings import Settings
from opsterm.services.threads import in_thread


class TtyTarget:
    """A device, by its path or by a name that lasts. Raises BadSettingError where the name is written wrongly."""

    waiting = ""

    def __init__(self, port: str) -> None:
        self.device = port
        self._finder = Finder(port)
        self.watched = self._finder.watched

    @property
    def moved(self) -> str:
        """Where it is open now, if not where it was open before: `as /dev/ttyUSB1 (same serial 0001)`."""
        return self._finder.moved

    async def open(self, settings: Settings, received: Received, sent: Sent, clock: Clock) -> TtyLink:
        """Find it and open it, locked for us alone. Raises SerialError."""
        device = self.device = await in_thread(self._finder.find, f"find {settings.port}")
        link = await TtyLink.open(replace(settings, port=device), received, sent, clock)
        try:
            await in_thread(lambda: self._finder.opened(device), f"look at {device}")
        except BaseException:
            await link.close()
            raise
        return link


class TtyLink(StreamLink):
    """A device that is open."""

    has_rate = True

    def __init__(self, port: SerialPort, name: str, received: Received, sent: Sent, clock: Clock) -> None:
        super().__init__(name, received, sent, clock)
        self._port = port
        self.modem = TtyModem(port)

    @classmethod
    async def open(cls, settings: Settings, received: Received, sent: Sent, clock: Clock) -> TtyLink:
        """Open the port; the loop goes on meanwhile. Raises SerialError."""
        port = await in_thread(lambda: open_port(settings), f"open {settings.port}", close_port)
        if needs_carrier(settings.port):
            try:
                await await_carrier(port.fileno(), settings.port)
            except BaseException:
                await in_thread(lambda: close_port(port), f"close {settings.port}")
                raise
        link = cls(port, settings.port, received, sent, clock)
        outlet = _Outlet(port, link.fail)
        transport, _ = await connection_for_serial(asyncio.get_running_loop(), lambda: link, outlet)
        link.begin(cast(asyncio.WriteTransport, transport), port.fileno())
        return link

    async def tune(self, settings: Settings) -> None:
        """Give the port other settings while it is open. Raises SerialError; then the old ones still hold."""
        await in_thread(lambda: tune_port(self._port, settings), f"tune {settings.port}")

    async def actual_baud(self) -> int:
        """Bits per second that the driver uses, 0 where that is not told."""
        return await in_thread(lambda: actual_baud(self._port), f"ask {self.name} for its rate")

    def release(self) -> None:
        """Close the port; blocks for a moment."""
        close_port(self._port)

    def explain_loss(self, error: OSError | None) -> SerialError:
        """What to say when the device is gone."""
        why = "" if error is None or error.errno == errno.EIO else f": {os.strerror(error.errno or 0)}"
        return DisconnectedError(f"Device disconnected ({self.name}){why}.", WAITING)


class _Outlet:
    """What the transport sees of a port: writing only, and nothing that could block the loop.

    The transport would drain and close the port on the loop, and would report a dead device to the loop's exception
    handler; here both are the link's business.
    """

    def __init__(self, port: SerialPort, failed: Callable[[OSError], None]) -> None:
        self._fd = port.fileno()
        self._failed = failed
        self.timeout = 0.0
        self.write_timeout = 0.0

    def fileno(self) -> int:
        return self._fd

    def write(self, data: bytes) -> int:
        try:
            return os.write(self._fd, data)
        except (BlockingIOError, InterruptedError):
            raise
        except OSError as error:
            self._failed(error)
            raise BlockingIOError from error  # kept by the transport until the link aborts it

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass
