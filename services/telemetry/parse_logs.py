"""An item of the kind `log`: lines of a program's log, many at once.

https://develop.sentry.dev/sdk/telemetry/logs/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsterm.services.telemetry.fields import MAX_TEXT, hex_id, seconds, text, values
from opsterm.services.telemetry.model import LogRecord

MAX_LINES = 200
"""Lines that one entry is cut into, at most."""
MAX_RECORDS = 10_000
"""Lines of one item. SDKs send a hundred entries at once."""


def read_logs(told_of: Mapping[str, Any]) -> tuple[list[LogRecord], int]:
    """The lines, and how many entries had to be left out because they were none, or too many.

    An entry of several lines becomes several records, as it would in a file.
    """
    records: list[LogRecord] = []
    bad = 0
    for entry in values(told_of.get("items")):
        moment = seconds(entry.get("timestamp")) if isinstance(entry, dict) else None
        if moment is None or not isinstance(entry.get("body"), str) or len(records) >= MAX_RECORDS:
            bad += 1
            continue
        level = text(entry.get("level")).lower()
        trace_id, span_id = hex_id(entry.get("trace_id")), hex_id(entry.get("span_id"))
        lines = entry["body"].splitlines() or [""]
        if len(lines) > MAX_LINES:
            lines[MAX_LINES - 1 :] = [f"… and {len(lines) - MAX_LINES + 1:,} more lines"]
        records += [LogRecord(moment, level, text(line, MAX_TEXT), trace_id, span_id) for line in lines]
    return records, bad
