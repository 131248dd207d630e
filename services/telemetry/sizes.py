"""How much memory records take, estimated: what a store goes by when it decides what has to go."""

from __future__ import annotations

from opsterm.services.telemetry.model import Crumb, Frame, Span

RECORD = 400
"""Bytes of a record itself, its numbers and the strings that every one has, measured with CPython 3.11."""
_PAIR = 130
"""Bytes of an entry of a mapping and of the string that it holds, without the characters."""
_LINE = 60
"""Bytes of a string in a tuple, without its characters."""
_WIDE = 2
"""Bytes of a character, estimated: one in most texts, up to four in others."""


def of_span(span: Span) -> int:
    """Bytes of a span and all that it holds."""
    size = RECORD + _of(span.description)
    if span.data:
        size += 240
        for value in span.data.values():
            size += _PAIR + _of(value)
    return size


def of_frame(frame: Frame) -> int:
    """Bytes of a frame with its lines of source."""
    lines = (*frame.before, frame.source, *frame.after)
    return RECORD + _of(frame.file) + _of(frame.function) + sum(_LINE + _of(line) for line in lines)


def of_crumb(crumb: Crumb) -> int:
    """Bytes of a crumb."""
    return RECORD + _of(crumb.message)


def of_text(value: str) -> int:
    """Bytes of a string."""
    return _LINE + _of(value)


def _of(value: str) -> int:
    return len(value) if value.isascii() else _WIDE * len(value)
