"""Values out of foreign JSON, each of the kind that is wanted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from opsterm.services.text import clean

_MOST = 2000  # characters of a text
_SECONDS = {
    "nanosecond": 1e-9,
    "microsecond": 1e-6,
    "millisecond": 1e-3,
    "second": 1.0,
    "minute": 60.0,
    "hour": 3600.0,
    "day": 86_400.0,
    "week": 604_800.0,
}


def text(value: Any) -> str:
    """Safe text of one line; empty for what is none."""
    return clean(" ".join(value[:_MOST].split())) if isinstance(value, str) else ""


def number(value: Any) -> float:
    """A finite number; 0 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        found = float(value)
    except OverflowError:
        return 0.0
    return found if math.isfinite(found) else 0.0


def seconds(value: Any, unit: Any = "millisecond") -> float:
    """A duration in seconds; Sentry counts them in milliseconds where it does not name a unit."""
    return number(value) * _SECONDS.get(unit if isinstance(unit, str) else "", 1e-3)


def moment(value: Any) -> float | None:
    """A moment as seconds since the epoch: of a number, or of text by ISO 8601; None for what is neither."""
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    return number(value) or None


def mapping(value: Any) -> Mapping[str, Any]:
    """An object of JSON; empty for what is none."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list of JSON; empty for what is none."""
    return value if isinstance(value, list) else []
