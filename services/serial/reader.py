"""Reading a port on a thread of its own, so that no busy loop costs a byte or a true time of arrival."""

from __future__ import annotations

import asyncio
import os
import selectors
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from opsterm.services.serial.clock import Clock

Chunk = tuple[int, bytes]
"""Bytes and when they were read, in nanoseconds since the epoch."""

_READ_BYTES = 64 * 1024
_TURN_BYTES = 64 * 1024
"""What the loop takes in one turn: a flood must leave room for keys and timers."""
_MAX_BACKLOG = 64 * 1024 * 1024
_FULL_SECONDS = 0.002
_SWITCH_SECONDS = 0.0005
"""How soon a busy loop lets a reader run; with the usual 5 ms a device at 1.2 MB/s overruns the kernel's buffer."""


class _Quick:
    """The interpreter's switch interval while any reader runs."""

    def __init__(self) -> None:
        self._readers = 0
        self._usual = 0.0

    def enter(self) -> None:
        self._readers += 1
        if self._readers == 1:
            self._usual = sys.getswitchinterval()
            sys.setswitchinterval(min(_SWITCH_SECONDS, self._usual))

    def leave(self) -> None:
        self._readers -= 1
        if not self._readers:
            sys.setswitchinterval(self._usual)


_quick = _Quick()


class Reader:
    """A thread that reads `fd` and hands the chunks to `received` on the loop, in batches.

    When the device is gone `ended` is called, once, with the error of the system or None for an end of file, and
    after everything that was read. Neither is called after `stop`.
    """

    def __init__(
        self,
        fd: int,
        clock: Clock,
        received: Callable[[list[Chunk]], None],
        ended: Callable[[OSError | None], None],
    ) -> None:
        self._fd = fd
        self._clock = clock
        self._received = received
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._chunks: deque[Chunk] = deque()
        self._bytes_read = 0  # by the thread
        self._bytes_handed_over = 0  # by the loop
        self._held = False
        self._told = False
        self._over = False
        self._error: OSError | None = None
        self._stopped = False
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="serial reader", daemon=True)
        _quick.enter()
        self._thread.start()

    def hold(self, held: bool) -> None:
        """Hand over nothing while `held`. Reading goes on, and stops only when 64 MiB are waiting."""
        self._held = held
        if not held and not self._told:
            self._told = True
            self._loop.call_soon(self._deliver)

    def stop(self) -> None:
        """Have the thread end; returns at once and may be called again."""
        if not self._stopped:
            self._stopped = True
            os.close(self._stop_write)  # its other end becomes readable, which ends the thread's wait
            _quick.leave()

    def join(self) -> None:
        """Wait for the thread. Only after that may the file descriptor be closed; blocks for a moment."""
        self._thread.join()

    def rest(self) -> list[Chunk]:
        """What was read and not handed over when the reader was stopped; for after `join`."""
        rest = list(self._chunks)
        self._chunks.clear()
        return rest

    def _run(self) -> None:
        # poll() is broken for terminals on macOS, select() cannot look beyond descriptor 1023.
        selector = selectors.SelectSelector() if sys.platform == "darwin" else selectors.PollSelector()
        selector.register(self._fd, selectors.EVENT_READ)
        selector.register(self._stop_read, selectors.EVENT_READ)
        try:
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._stop_read in ready:
                    return
                try:
                    data = os.read(self._fd, _READ_BYTES)
                except (BlockingIOError, InterruptedError):
                    continue
                if not data:
                    break
                self._chunks.append((self._clock.now(), data))
                self._bytes_read += len(data)
                self._tell()
                while self._bytes_read - self._bytes_handed_over > _MAX_BACKLOG and not self._stopped:
                    time.sleep(_FULL_SECONDS)  # memory has an end: let the sender feel it
        except OSError as error:
            self._error = error
        finally:
            selector.close()
            os.close(self._stop_read)
        self._over = True
        self._tell()

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop is closed: nobody is left to tell
                self._stopped = True

    def _deliver(self) -> None:
        self._told = False
        if self._stopped or self._held:
            return
        over = self._over  # before the chunks are taken: none can come after it
        batch: list[Chunk] = []
        size = 0
        while self._chunks and size < _TURN_BYTES:
            chunk = self._chunks.popleft()
            size += len(chunk[1])
            batch.append(chunk)
        self._bytes_handed_over += size
        if batch:
            self._received(batch)
        if self._chunks:
            self._told = True
            self._loop.call_soon(self._deliver)
        elif over:
            self._over = False
            self._ended(self._error)
