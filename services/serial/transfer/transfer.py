"""A file on its way over the open port: how far it is, and how it ended."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.transfer.channel import Channel
from opsterm.services.serial.transfer.errors import CancelledTransferError
from opsterm.services.serial.transfer.protocol import Protocol
from opsterm.services.text import clean

_STOP_SECONDS = 0.5


class Transfer(ABC):
    """One transfer; `run` it once.

    `name` is that of the file, safe to show; `done` and `total` are bytes, `total` is 0 where it is not known. The
    service refuses typed lines meanwhile, and a note row says how it ended.
    """

    verb = "sent"

    def __init__(self, service: SerialService, name: str, protocol: Protocol) -> None:
        self.name = clean(name)
        self.total = 0
        self.done = 0
        self.protocol = protocol
        self._service = service
        self._cancelled = asyncio.Event()
        self._began = 0.0
        self._took = 0.0

    @property
    def seconds(self) -> float:
        """How long it has been going on, or went on."""
        return self._took or (time.monotonic() - self._began if self._began else 0.0)

    @property
    def rate(self) -> float:
        """Bytes per second so far."""
        return self.done / self.seconds if self.seconds else 0.0

    def cancel(self) -> None:
        """End it now: what has not left is taken back, and the other side is told where the protocol has a word."""
        self._cancelled.set()

    async def run(self) -> None:
        """Do it. Raises SerialError with what went wrong; CancelledTransferError where it was cancelled."""
        self._began = time.monotonic()
        try:
            with self._service.occupy(self.name, self._received) as channel:
                try:
                    await self._with(channel)
                except asyncio.CancelledError:
                    channel.forget()
                    self._service.note(self._failure(CancelledTransferError("Cancelled.")))
                    raise
                finally:
                    self._took = time.monotonic() - self._began
        except SerialError as error:
            self._service.note(self._failure(error))
            raise
        self._service.note(self._success())

    async def _with(self, channel: Channel) -> None:
        work = asyncio.create_task(self._work(channel))
        ended = asyncio.create_task(channel.ended())
        cancelled = asyncio.create_task(self._cancelled.wait())
        try:
            await asyncio.wait((work, ended, cancelled), return_when=asyncio.FIRST_COMPLETED)
            reason = ended.result() if ended.done() else CancelledTransferError("Cancelled.")
            if not work.done():
                self._stop(work, reason)
                await asyncio.wait((work,), timeout=_STOP_SECONDS)
                if work.done() and not work.cancelled():
                    work.exception()  # looked at, so that nobody reports it: the reason is known
                if not ended.done():
                    await self._give_up(channel)
                raise reason
        finally:
            for task in (work, ended, cancelled):
                if not task.done():
                    task.cancel()
            self._stop(work, CancelledTransferError("Cancelled."))
        work.result()

    @property
    def _received(self) -> Callable[[bytes], None] | None:
        """What is to get the bytes that come in; None where they stay lines."""
        return None

    @abstractmethod
    async def _work(self, channel: Channel) -> None:
        """Move the file. Raises SerialError."""

    def _stop(self, work: asyncio.Task[None], reason: SerialError) -> None:  # noqa: ARG002  threads are told why
        """Have `work` end at once; may be called when it has."""
        work.cancel()

    async def _give_up(self, channel: Channel) -> None:
        """It was cancelled while the port is open: take back what can be, and tell the other side."""
        await channel.drop()

    def _success(self) -> str:
        how = f"{self.seconds:.1f} s ({in_units(self.rate)}/s)"
        return f"{self.verb} {self.name}, {in_units(self.done)} in {how}, {self.protocol.value}"

    def _failure(self, error: SerialError) -> str:
        reason = error.reason.removesuffix(".")
        of = f" of {in_units(self.total)}" if self.total else ""
        why = f"{reason[:1].lower()}{reason[1:]}"
        return f"{self.name} not {self.verb}: {why}, {in_units(self.done)}{of} done, {self.protocol.value}"


def in_units(size: float) -> str:
    """Bytes in decimal units: `512 B`, `120.0 kB`, `1.2 MB`."""
    if size < 1000:
        return f"{size:.0f} B"
    for unit in ("kB", "MB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} GB"
