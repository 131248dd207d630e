"""Reads single values out of foreign JSON: safe, bounded, and never surprised by what is there instead."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from opsterm.services.telemetry.errors import BadItemError
from opsterm.services.text import clean

MAX_NAME = 300
"""Characters of a name, an operation, a status."""
MAX_TEXT = 8_192
"""Characters of a description, a message, a query."""
MAX_SOURCE = 400
"""Characters of a line of source."""
LATEST = 253_370_764_800.0
"""Seconds since the epoch, in the last days that a calendar has."""
_ID = re.compile(r"[0-9a-f]{1,64}")
_CUT = "…"


def decode(payload: bytes) -> dict[str, Any]:
    """The JSON object in `payload`; raises BadItemError where there is none."""
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadItemError(f"An item that is no JSON ({type(error).__name__}).") from None
    if not isinstance(found, dict):
        raise BadItemError("An item that is no JSON object.")
    return found


def text(value: object, most: int = MAX_NAME) -> str:
    """`value` as one line of safe text of at most `most` characters; empty where it is no text and no number."""
    if not isinstance(value, str):
        if value is None or isinstance(value, (dict, list)):
            return ""
        value = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if value.isprintable():  # nearly always: no newline, no tab, nothing to clean
        return value if len(value) <= most else value[: most - 1] + _CUT
    whole = len(value) <= most
    shown = clean(" ".join(value[:most].split()))
    return shown if whole and len(shown) <= most else shown[: most - 1] + _CUT


def source(value: object) -> str:
    """`value` as a line of source, which keeps its indent."""
    if not isinstance(value, str):
        return ""
    shown = clean(value[:MAX_SOURCE].rstrip("\r\n"))
    return shown if len(value) <= MAX_SOURCE and len(shown) <= MAX_SOURCE else shown[: MAX_SOURCE - 1] + _CUT


def told(value: object) -> str:
    """`value` as text whatever it is: lists and objects as JSON."""
    if isinstance(value, (dict, list)):
        try:
            value = msgspec.json.encode(value).decode("utf-8", "replace")
        except RecursionError:  # nested deeper than can be written, and just not too deep to be read
            return _CUT
    return text(value, MAX_TEXT)


def hex_id(value: object) -> str:
    """`value` as the hexadecimal word of a trace, a span or an event; empty where it is none."""
    if not isinstance(value, str) or len(value) > 64:
        return ""
    word = value.replace("-", "").lower()
    return word if _ID.fullmatch(word) else ""


def seconds(value: object) -> float | None:
    """A time, in seconds since the epoch: a number, or words of ISO 8601 (UTC where no zone is told).

    None where it is neither, or a time that no clock shows.
    """
    moment = math.nan
    if isinstance(value, str):
        if len(value) > 64:
            return None
        try:
            read = datetime.fromisoformat(value)
            moment = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            moment = float(value)
        except OverflowError:
            return None
    return moment if 0 <= moment <= LATEST else None


def count(value: object) -> int:
    """A number of lines; 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else 0


def mapping(value: object) -> Mapping[str, Any]:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def values(value: object) -> Sequence[Any]:
    """A list that is told bare, or as `values` of an object: SDKs do both."""
    if isinstance(value, dict):
        value = value.get("values")
    return value if isinstance(value, list) else ()
