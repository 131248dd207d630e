"""Times as they are written wherever traces are told of."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """`402 ms`, `1.40 s`, `2 min 01 s`; `0.4 ms` below one millisecond. Never raises."""
    seconds = min(max(0.0, seconds), 1e9)
    if seconds < 0.00095:
        return f"{seconds * 1e3:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
