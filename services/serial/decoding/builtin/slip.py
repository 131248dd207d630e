"""SLIP frames (RFC 1055). Set the framing to `byte:C0`, so that a line is a frame."""

from __future__ import annotations

import re

from opsterm.services.lines import Flag, Line
from opsterm.services.serial.decoding.payload import frame, malformed

_END = b"\xc0"
_ESCAPED = re.compile(rb"\xdb(.?)", re.DOTALL)
_MEANING = {b"\xdc": b"\xc0", b"\xdd": b"\xdb"}


def decode(line: Line) -> Line | list[Line] | None:
    """The payload of each frame in `line`; empty frames, which many senders put between the others, are left out."""
    if line.flags & Flag.CUT:
        return malformed(line, line.raw, "longer than a line may be")
    frames = [_decode(line, raw) for raw in line.raw.split(_END) if raw]
    return frames or None


def _decode(line: Line, raw: bytes) -> Line:
    for found in _ESCAPED.finditer(raw):
        if found[1] not in _MEANING:
            return malformed(line, raw, f"DB {found[1].hex().upper() or 'at the end'}")
    return frame(line, _ESCAPED.sub(lambda found: _MEANING[found[1]], raw))
