"""COBS frames (Cheshire and Baker, 1999). Set the framing to `nul`, so that a line is a frame."""

from __future__ import annotations

from opsterm.services.lines import Flag, Line
from opsterm.services.serial.decoding.payload import frame, malformed

_FULL = 255
"""The code of 254 bytes that no zero follows."""


def decode(line: Line) -> Line | list[Line] | None:
    """The payload of each frame in `line`; empty frames are left out."""
    if line.flags & Flag.CUT:
        return malformed(line, line.raw, "longer than a line may be")
    frames = [_decode(line, raw) for raw in line.raw.split(b"\0") if raw]
    return frames or None


def _decode(line: Line, raw: bytes) -> Line:
    payload = bytearray()
    at = 0
    while at < len(raw):
        code = raw[at]
        block = raw[at + 1 : at + code]
        if len(block) < code - 1:
            return malformed(line, raw, f"{code - 1 - len(block)} bytes missing")
        payload += block
        at += code
        if code < _FULL and at < len(raw):
            payload.append(0)
    return frame(line, bytes(payload))
