"""A connection with a file descriptor: read on our thread, written through a transport of asyncio's kind."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import cast

from opsterm.services.lines import Line
from opsterm.services.serial.clock import Clock
from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.links.base import Received, Sent
from opsterm.services.serial.modem import Modem
from opsterm.services.serial.reader import Reader
from opsterm.services.serial.settings import Settings
from opsterm.services.threads import in_thread

_PIECE_BYTES = 4096
_CLOSE_SECONDS = 0.8


class StreamLink(asyncio.Protocol, ABC):
    """What a terminal and a socket have in common. Whoever makes one gives it a transport and then calls `begin`."""

    def __init__(self, name: str, received: Received, sent: Sent, clock: Clock) -> None:
        self.name = name
        self._received = received
        self._sent = sent
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None
        self._reader: Reader | None = None
        self._waiting: deque[tuple[bytes, Line]] = deque()
        self._offset = 0  # how much of the first one the transport has been given
        self._busy = False
        self._closing = False
        self.lost: asyncio.Future[SerialError] = self._loop.create_future()
        self.modem: Modem | None = None

    def begin(self, transport: asyncio.WriteTransport, fd: int) -> None:
        """Write through `transport` and read `fd`, which stays open until `release`."""
        self._transport = transport
        transport.set_write_buffer_limits(high=0)  # so that resume_writing means: the kernel has all of it
        self._reader = Reader(fd, self._clock, self._received, self.fail)

    @abstractmethod
    def release(self) -> None:
        """Give the kernel a moment to send what it has, then close the descriptor; may block, runs in a thread."""

    @abstractmethod
    def explain_loss(self, error: OSError | None) -> SerialError:
        """What to say when reading or writing failed, or ended (None)."""

    @abstractmethod
    async def tune(self, settings: Settings) -> None:
        """Give it other settings while it is open. Raises SerialError; then the old ones still hold."""

    async def actual_baud(self) -> int:
        """Bits per second that it really uses, 0 where that is not told."""
        return 0

    @property
    def queued(self) -> int:
        """Bytes that the kernel has not taken yet."""
        waiting = sum(len(data) for data, _ in self._waiting)
        unsent = self._transport.get_write_buffer_size() if self._transport else 0
        return waiting - self._offset + unsent

    def write(self, data: bytes, line: Line) -> None:
        """Send `data` after what already waits, then report `line` as sent; never blocks."""
        self._waiting.append((data, line))
        self._push()

    def hold(self, held: bool) -> None:
        """Have nothing received while `held`; it is read all the same, up to 64 MiB."""
        if self._reader and not self._closing:
            self._reader.hold(held)

    def unsent(self) -> list[Line]:
        """Take out the lines that have not left, or not wholly."""
        lines = [line for _, line in self._waiting]
        self._waiting.clear()
        self._offset = 0
        return lines

    async def close(self) -> None:
        """Close it, within a second. What was read until then is still received. May be called again."""
        if self._closing:
            return
        self._closing = True
        reader = self._reader
        if reader:
            reader.stop()
        if self._transport:
            self._transport.abort()

        def finish() -> None:
            if reader:
                reader.join()
            self.release()

        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await in_thread(finish, f"close {self.name}")
        except TimeoutError:
            return  # the driver takes its time; the thread stays with it
        if reader and (rest := reader.rest()):
            self._received(rest)

    def fail(self, error: OSError | None) -> None:
        """The other side is gone; the first reason given is the one that counts."""
        if not self._closing and not self.lost.done():
            self.lost.set_result(self.explain_loss(error))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the transport, which begins to read right after this: ours is the only reader."""
        self._loop.call_soon(cast(asyncio.ReadTransport, transport).pause_reading)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the transport when writing has failed, and after every end."""
        self.fail(error if isinstance(error, OSError) else None)

    def pause_writing(self) -> None:
        """Called by the transport when it could not hand over everything at once."""
        self._busy = True

    def resume_writing(self) -> None:
        """Called by the transport when the kernel has taken everything."""
        self._busy = False
        self._taken()
        self._push()

    def _push(self) -> None:
        while self._waiting and not self._busy and not self._closing and self._transport is not None:
            data = self._waiting[0][0]
            piece = data[self._offset : self._offset + _PIECE_BYTES]
            self._transport.write(piece)
            if self._transport.is_closing():
                return  # it is lost, and what is given to a transport from then on is dropped
            self._offset += len(piece)
            if not self._busy:
                self._taken()

    def _taken(self) -> None:
        if self._waiting and self._offset >= len(self._waiting[0][0]):
            _, line = self._waiting.popleft()
            self._offset = 0
            line.first_ns = line.last_ns = self._clock.now()
            self._sent(line)
