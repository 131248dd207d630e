"""UUIDs of Bluetooth as people write them."""

from __future__ import annotations

import re

NORDIC_UART = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
"""Nordic's UART service (NUS), the serial port of most devices of Bluetooth LE."""
_SHORT = re.compile(r"(?:0x)?([0-9a-f]{4}|[0-9a-f]{8})")
_LONG = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def full_uuid(text: str) -> str:
    """The whole of a UUID in lower case, also of one that is written short (`ffe0`); empty where it is none."""
    text = text.lower()
    if _LONG.fullmatch(text):
        return text
    short = _SHORT.fullmatch(text)
    return f"{short[1]:0>8}-0000-1000-8000-00805f9b34fb" if short else ""
