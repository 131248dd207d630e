"""Between the receiver and the store: a bounded queue of envelopes, read after their senders were answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Iterator
from functools import partial

from opsterm.services.telemetry.envelope import Envelope, Item
from opsterm.services.telemetry.parse import Found, read_item
from opsterm.services.telemetry.spans_v2 import Assembler
from opsterm.services.telemetry.store import TraceStore
from opsterm.services.threads import in_thread

MAX_WAITING = 10_000
"""Items of envelopes that wait to be read."""
MAX_BYTES = 64 * 1024 * 1024
"""Bytes of all of them."""
_INLINE = 64 * 1024
"""Bytes that are read before the loop has its turn again. A larger item is read on a thread."""
_AT_ONCE = 500
"""Log lines, or streamed spans, that are kept before the loop has its turn again."""

log = logging.getLogger(__name__)


class Intake:
    """Takes envelopes and puts what is in them into `store`, in the order in which they came."""

    def __init__(self, store: TraceStore, max_waiting: int = MAX_WAITING, max_bytes: int = MAX_BYTES) -> None:
        self.bytes = 0
        """Of the items that wait."""
        self.max_bytes = max_bytes
        self._store = store
        self._max_waiting = max_waiting
        self._waiting: deque[Item] = deque()
        self._some = asyncio.Event()
        self._freed = asyncio.Event()
        self._found: deque[Found] = deque()  # read, and not kept yet
        self._assembler = Assembler()

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, envelope: Envelope) -> bool:
        """Take `envelope` to be read later; False where too many wait."""
        many = len(self._waiting) + len(envelope.items) > self._max_waiting
        if many or self.bytes + envelope.size > self.max_bytes:
            return False
        self._waiting += envelope.items
        self.bytes += envelope.size
        self._some.set()
        return True

    async def take(self, envelope: Envelope) -> bool:
        """Take `envelope` as soon as there is room; False where there never will be."""
        if envelope.size > self.max_bytes or len(envelope.items) > self._max_waiting:
            return False
        while not self.offer(envelope):
            self._freed.clear()
            await self._freed.wait()
        return True

    async def run(self) -> None:
        """Read what comes until cancelled."""
        while True:
            await self._wait()
            await self._read_all()
            self._keep_whole()

    async def finish(self) -> None:
        """Read what still waits, and take the segments that have their own span as whole. `run` has ended."""
        await self._read_all()
        for transaction in self._assembler.finish():
            self._store.add(transaction)
        self._count_given_up()

    async def _wait(self) -> None:
        """Until something waits, or a segment may be whole."""
        due = self._assembler.next_due()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._some.wait()
        self._some.clear()

    async def _read_all(self) -> None:
        read = 0
        await self._keep_all()
        while self._waiting:
            item = self._waiting[0]  # stays there until it is read, should this be cancelled
            size = len(item.payload)
            found = await in_thread(partial(_read, item), "traces, a large item") if size > _INLINE else _read(item)
            self._waiting.popleft()
            self.bytes -= size
            self._freed.set()
            self._found += _pieces(found)
            await self._keep_all()
            read += size if size <= _INLINE else 0
            if read > _INLINE:
                read = 0
                await asyncio.sleep(0)

    async def _keep_all(self) -> None:
        while self._found:
            self._keep(self._found.popleft())
            if self._found:
                await asyncio.sleep(0)

    def _keep(self, found: Found) -> None:
        counts = self._store.counts
        counts.unreadable += found.bad
        if found.unknown:
            counts.not_shown(found.unknown)
        if found.transaction is not None:
            self._store.add(found.transaction)
        if found.error is not None:
            self._store.add_error(found.error)
        if found.logs:
            self._store.add_logs(found.logs)
        if found.spans:
            for transaction in self._assembler.add(found.spans, asyncio.get_running_loop().time()):
                self._store.add(transaction)
            self._count_given_up()

    def _keep_whole(self) -> None:
        for transaction in self._assembler.due(asyncio.get_running_loop().time()):
            self._store.add(transaction)
        self._count_given_up()

    def _count_given_up(self) -> None:
        self._store.counts.evicted += self._assembler.given_up
        self._assembler.given_up = 0


def _pieces(found: Found) -> Iterator[Found]:
    """`found` in parts that are quickly kept."""
    most = max(len(found.logs), len(found.spans))
    if most <= _AT_ONCE:
        yield found
        return
    for at in range(0, most, _AT_ONCE):
        part = slice(at, at + _AT_ONCE)
        yield Found(logs=found.logs[part], spans=found.spans[part], bad=found.bad if at == 0 else 0)


def _read(item: Item) -> Found:
    try:
        return read_item(item)
    except Exception:  # a defect; whatever it is, it takes one item only
        log.exception("an item of the kind %r could not be read", item.kind[:40])
        return Found(bad=1)
