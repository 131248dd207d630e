"""Both ways of the open port for code that blocks, as the XMODEM library does: used by one thread at a time."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from contextlib import suppress

from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.transfer.channel import Channel

_MAX_BYTES = 64 * 1024
"""What is kept of bytes that nobody reads; a sender that waits for answers never gets near it."""


class Wire:
    """The loop calls `received` and `stop`, the thread the rest; what waits there ends at once with `stop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.channel: Channel | None = None
        self._loop = loop
        self._came = threading.Condition()
        self._buffer = bytearray()
        self._stopped: SerialError | None = None
        self._writing: concurrent.futures.Future[None] | None = None

    def received(self, data: bytes) -> None:
        """These bytes came in."""
        with self._came:
            self._buffer += data
            del self._buffer[:-_MAX_BYTES]
            self._came.notify_all()

    def stop(self, reason: SerialError) -> None:
        """Have every call raise `reason` from now on, also the one that waits."""
        with self._came:
            self._stopped = self._stopped or reason
            self._came.notify_all()
            if self._writing is not None:
                self._writing.cancel()

    def read(self, size: int, timeout: float) -> bytes:
        """`size` bytes, or fewer where `timeout` seconds pass without one. Raises SerialError."""
        with self._came:
            deadline = time.monotonic() + timeout
            had = -1
            while len(self._buffer) < size:
                self._check()
                if len(self._buffer) != had:
                    had = len(self._buffer)
                    deadline = time.monotonic() + timeout
                if (left := deadline - time.monotonic()) <= 0:
                    break
                self._came.wait(left)
            self._check()
            data = bytes(self._buffer[:size])
            del self._buffer[:size]
            return data

    def read_all(self, timeout: float) -> bytes:
        """All that has come, once there is anything; nothing after `timeout` seconds. Raises SerialError."""
        first = self.read(1, timeout)
        with self._came:
            data = first + bytes(self._buffer)
            self._buffer.clear()
            return data

    def unread(self, data: bytes) -> None:
        """Have `data` read once more."""
        with self._came:
            self._buffer[:0] = data

    def clear(self) -> None:
        """Forget what came and was not read."""
        with self._came:
            self._buffer.clear()

    def write(self, data: bytes) -> int:
        """Send `data`; returns how many bytes when the kernel has all of them. Raises SerialError."""
        assert self.channel is not None
        with self._came:
            self._check()
            self._writing = asyncio.run_coroutine_threadsafe(self.channel.send(data), self._loop)
        with suppress(concurrent.futures.CancelledError):
            self._writing.result()
        with self._came:
            self._writing = None
            self._check()
        return len(data)

    def _check(self) -> None:
        if self._stopped is not None:
            raise self._stopped
