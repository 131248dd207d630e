"""What a reading thread has read, on its way to the loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

Chunk = tuple[int, bytes]
"""Bytes and when they were read, in nanoseconds since the epoch."""

_TURN_BYTES = 64 * 1024
"""What the loop takes in one turn: a flood must leave room for keys and timers."""
_MAX_BACKLOG = 64 * 1024 * 1024
_FULL_SECONDS = 0.002


class Inbox:
    """Hands chunks from one thread to `received` on the loop, in batches.

    After everything that was read `ended` is called, once, with the error of the system or None for an end of file.
    Neither is called after `stop`. The thread calls `put`, `put_all` and `end`, the loop the rest.
    """

    def __init__(self, received: Callable[[list[Chunk]], None], ended: Callable[[OSError | None], None]) -> None:
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
        self.stopped = False

    def hold(self, held: bool) -> None:
        """Hand over nothing while `held`. Reading goes on, and stops only when 64 MiB are waiting."""
        self._held = held
        if not held and not self._told:
            self._told = True
            self._loop.call_soon(self._deliver)

    def stop(self) -> None:
        """Hand over nothing more; may be called again."""
        self.stopped = True

    def rest(self) -> list[Chunk]:
        """What was read and not handed over before `stop`; for when the thread has ended."""
        rest = list(self._chunks)
        self._chunks.clear()
        return rest

    def put(self, t_ns: int, data: bytes) -> None:
        """Called by the thread: `data` was read at `t_ns`. Blocks while too much is waiting."""
        self.put_all([(t_ns, data)])

    def put_all(self, chunks: list[Chunk]) -> None:
        """`put` for many: the loop is woken once."""
        self._chunks.extend(chunks)
        self._bytes_read += sum([len(data) for _, data in chunks])
        self._tell()
        while self._bytes_read - self._bytes_handed_over > _MAX_BACKLOG and not self.stopped:
            time.sleep(_FULL_SECONDS)  # memory has an end: let the sender feel it

    def end(self, error: OSError | None) -> None:
        """Called by the thread: nothing more will come."""
        self._error = error
        self._over = True
        self._tell()

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop is closed: nobody is left to tell
                self.stopped = True

    def _deliver(self) -> None:
        self._told = False
        if self.stopped or self._held:
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
