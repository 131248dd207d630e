"""What a binary frame holds, in words."""

from __future__ import annotations

from dataclasses import replace

from opsterm.services.lines import Level, Line


def frame(line: Line, payload: bytes) -> Line:
    """`line` with `payload` as its bytes; shown as text where it is text, else in hex."""
    return replace(line, raw=payload, text=shown(payload))


def malformed(line: Line, raw: bytes, why: str) -> Line:
    """`line` with the undecoded `raw`, marked as a warning that says `why`."""
    return replace(line, raw=raw, text=f"malformed, {why}: {shown(raw)}", level=Level.WARN)


def shown(payload: bytes) -> str:
    """`payload` as text where that can be printed, without the line ending in it, else as `C0 FF EE`."""
    try:
        text = payload.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        text = ""
    return text if text and text.isprintable() else payload.hex(" ").upper()
