"""Takes an envelope apart: the form in which every Sentry SDK sends whatever it sends.

A line of JSON as header, then items: each a line of JSON (`type`, mostly `length`), its payload and a newline. An
item without a length ends with its line. https://develop.sentry.dev/sdk/foundations/transport/envelopes/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from opsterm.services.telemetry.errors import BadEnvelopeError

MAX_ITEMS = 1_000
MAX_HEADER = 64 * 1024
"""Bytes that one line of header may have."""


class ItemHeader(msgspec.Struct, gc=False):
    """The part of an item's header that says how to read it. `length` is in bytes."""

    type: str
    length: int | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was sent: `kind` says what, `payload` is not looked at yet."""

    kind: str
    payload: bytes
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What came with one request; `header` is whatever JSON object it began with."""

    header: dict[str, Any] = field(default_factory=dict)
    items: tuple[Item, ...] = ()

    @property
    def event_id(self) -> str:
        """The id by which the sender knows it; empty where it told none."""
        told = self.header.get("event_id")
        return told if isinstance(told, str) else ""

    @property
    def size(self) -> int:
        """Bytes of all payloads."""
        return sum(len(item.payload) for item in self.items)


_header = msgspec.json.Decoder(dict[str, Any])
_item = msgspec.json.Decoder(ItemHeader)


def split(body: bytes) -> Envelope:
    """The envelope in `body`; raises BadEnvelopeError for everything that is none."""
    line, at = _line(body, 0)
    header = _decode(line, _header, "header")
    items: list[Item] = []
    while at < len(body):
        line, at = _line(body, at)
        if not line.strip():
            continue
        if len(items) == MAX_ITEMS:
            raise BadEnvelopeError(f"An envelope with more than {MAX_ITEMS:,} items.")
        item = _decode(line, _item, f"header of item {len(items) + 1}")
        payload, at = _payload(body, at, item)
        items.append(Item(item.type, payload, item.content_type or ""))
    return Envelope(header, tuple(items))


def _line(body: bytes, at: int) -> tuple[bytes, int]:
    """The line at `at`, and where the next one begins."""
    end = body.find(b"\n", at, at + MAX_HEADER + 1)
    if end < 0:
        if len(body) - at > MAX_HEADER:
            raise BadEnvelopeError("An envelope with a header that does not end.")
        end = len(body)
    return body[at:end], end + 1


def _payload(body: bytes, at: int, item: ItemHeader) -> tuple[bytes, int]:
    """The payload at `at`, and where the next item begins."""
    if item.length is None:
        end = body.find(b"\n", at)
        end = len(body) if end < 0 else end
        return body[at:end], end + 1
    end = at + item.length
    if item.length < 0 or end > len(body):
        raise BadEnvelopeError("An envelope whose item has another length than it says.")
    if end < len(body) and body[end : end + 1] != b"\n":
        raise BadEnvelopeError("An envelope whose item does not end where it says.")
    return body[at:end], end + 1


def _decode(line: bytes, decoder: msgspec.json.Decoder[Any], what: str) -> Any:
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise BadEnvelopeError(f"An envelope whose {what} is no JSON object of the right form.") from None
