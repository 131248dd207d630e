"""Errors that are the same error, gathered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from opsterm.services.telemetry.model import ErrorEvent

ErrorKey = tuple[str, ...]
"""What errors that are the same have in common."""

_VARIES = re.compile(
    r"""
      '[^']*' | "[^"]*"
    | \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b
    | \b(?:0[xX])?(?=[a-zA-Z]*\d)[0-9a-fA-F]{6,}\b
    | (?<![\w*])\d+(?:\.\d+)*(?:\w{1,2}\b)?
    """,
    re.VERBOSE,
)
"""What differs from one message to the next of its kind: quoted words, UUIDs, hashes, numbers with their unit."""


def normalise_message(message: str) -> str:
    """A message without what differs from one to the next: `user 7 not found` is `user * not found`."""
    return _VARIES.sub("*", message)


def error_key(event: ErrorEvent) -> ErrorKey:
    """What makes an error the same as another.

    Of its last exception the kind, and the file and function of the program's own frames (of all, where none is told
    to be its own). Where there are no frames the message counts, and for an event without exception only that.
    """
    if not event.raised:
        return "", normalise_message(event.message)
    last = event.raised[-1]
    frames = [frame for frame in last.frames if frame.in_app] or last.frames
    if not frames:
        return last.kind, normalise_message(last.value)
    return (last.kind, *(word for frame in frames for word in (frame.file, frame.function)))


@dataclass(slots=True)
class ErrorGroup:
    """Errors that are the same. `latest` is the one to show; times are seconds since the epoch."""

    key: ErrorKey
    latest: ErrorEvent
    first: float
    last: float
    count: int = 0
    transactions: dict[str, int] = field(default_factory=dict)
    """The names of what was going on, and how often."""
    events: list[ErrorEvent] = field(default_factory=list)
    """All of them, in the order in which they came."""

    @property
    def title(self) -> str:
        """The latest of them, in one line."""
        return self.latest.title

    @property
    def handled(self) -> bool:
        """Whether the program dealt with all of them itself."""
        return all(event.handled for event in self.events)


def group_errors(events: Iterable[ErrorEvent]) -> Sequence[ErrorGroup]:
    """The groups of `events`, the one seen last first."""
    found: dict[ErrorKey, ErrorGroup] = {}
    for event in events:
        key = error_key(event)
        group = found.get(key)
        if group is None:
            group = found[key] = ErrorGroup(key, event, event.time, event.time)
        group.count += 1
        group.events.append(event)
        group.first = min(group.first, event.time)
        if event.time >= group.last:
            group.last, group.latest = event.time, event
        if event.transaction:
            group.transactions[event.transaction] = group.transactions.get(event.transaction, 0) + 1
    return sorted(found.values(), key=lambda group: -group.last)
