"""What the service needs of a connection, whatever it runs over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeAlias

from opsterm.services.lines import Line
from opsterm.services.serial.clock import Clock
from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.modem import Modem
from opsterm.services.serial.reader import Chunk
from opsterm.services.serial.settings import Settings

Received: TypeAlias = Callable[[list[Chunk]], None]
"""Called on the loop with what was read, in batches and in order."""
Sent: TypeAlias = Callable[[Line], None]
"""Called on the loop with each line whose last byte has been taken, stamped with that moment."""


class Link(Protocol):
    """A connection that is open. `lost` is done, with the reason, when it is gone; the link then has to be closed."""

    lost: asyncio.Future[SerialError]
    modem: Modem | None
    """The lines beside the data; None where the kind of connection has none."""

    @property
    def has_rate(self) -> bool:
        """Whether baud rate, frame and flow control mean anything here."""

    @property
    def queued(self) -> int:
        """Bytes that are written and not taken yet."""

    def write(self, data: bytes, line: Line) -> None:
        """Send `data` after what already waits, then report `line` as sent; never blocks."""

    def hold(self, held: bool) -> None:
        """Have nothing received while `held`; it is read all the same, up to 64 MiB."""

    def unsent(self) -> list[Line]:
        """Take out the lines that have not left, or not wholly."""

    async def tune(self, settings: Settings) -> None:
        """Give it other settings while it is open. Raises SerialError; then the old ones still hold."""

    async def actual_baud(self) -> int:
        """Bits per second that it really uses, 0 where that is not told."""

    async def close(self) -> None:
        """Close it, within a second. What was read until then is still received. May be called again."""


class Target(Protocol):
    """What the text of a port names: opened as often as it takes, it may remember from one time to the next."""

    @property
    def watched(self) -> tuple[str, ...]:
        """Paths where a change can mean that opening would go otherwise now; none where no file tells."""

    @property
    def device(self) -> str:
        """What was tried last: a path, or the text of the port where it has none."""

    @property
    def moved(self) -> str:
        """Where it is open now, if not where it was open before: `as /dev/ttyUSB1 (same serial 0001)`."""

    @property
    def waiting(self) -> str:
        """What opening waits for where that takes as long as somebody likes, in a sentence; empty everywhere else."""

    async def open(self, settings: Settings, received: Received, sent: Sent, clock: Clock) -> Link:
        """Open it; the loop goes on meanwhile. Raises SerialError."""
