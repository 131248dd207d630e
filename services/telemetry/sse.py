"""Server-sent events, taken out of a stream of bytes in whatever pieces it comes.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from opsterm.services.telemetry.errors import SpotlightError

MAX_EVENT = 64 * 1024 * 1024
"""Bytes of one event."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; `last_id` is the id to go on after."""

    name: str
    data: bytes
    last_id: str


class EventStream:
    """Feed it what comes; it gives the events that are whole."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []  # of a line that is not whole: an event is one, and may be large
        self._name = b""
        self._data: list[bytes] = []
        self._size = 0
        self._id = b""
        self._after_return = False

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """The events that end in `chunk`; raises SpotlightError for one that grows without end."""
        if self._after_return and chunk:  # a newline that belongs to the return before it
            chunk = chunk.removeprefix(b"\n")
            self._after_return = False
        self._after_return = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *more = chunk.split(b"\n")
        self._rest.append(first)
        self._size += len(first)
        if not more:
            self._bound()
            return
        *whole, rest = more
        whole.insert(0, b"".join(self._rest))
        self._rest = [rest]
        for line in whole:
            if not line:
                if self._data:
                    data = b"\n".join(self._data)
                    yield ServerEvent(self._name.decode("utf-8", "replace"), data, self._id.decode("latin-1"))
                self._name, self._data = b"", []
                continue
            self._take(line)
        self._size = sum(map(len, self._data)) + len(rest)
        self._bound()

    def _bound(self) -> None:
        if self._size > MAX_EVENT:
            raise SpotlightError("Spotlight sends an event that does not end.")

    def _take(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value
        elif field == b"id" and b"\0" not in value:
            self._id = value
