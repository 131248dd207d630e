"""Times, sizes and differences as they are written everywhere: `4.91 s`, `272.0 MB`, `33.8× faster`."""

from __future__ import annotations

from opsterm.services.docker.results import Result
from opsterm.services.docker.verdict import change, is_noise

NONE = "–"
"""Stands where there is no figure."""
_SAME = 50_000
"""Bytes that vanish in the last digit of a size."""


def seconds(value: float | None) -> str:
    """A time as `4.91 s`."""
    return NONE if value is None else f"{value:.2f} s"


def size(value: int | None) -> str:
    """Bytes as `272.0 MB` or `1.01 GB`, powers of ten."""
    if value is None:
        return NONE
    return f"{value / 1e9:.2f} GB" if value >= 1e9 else f"{value / 1e6:.1f} MB"


def difference(result: Result, first: Result) -> str:
    """How a result compares with the first: the time after a touch, then the size."""
    if result.error:
        return "✖ failed"
    if result.name == first.name:
        return "baseline"
    parts = (faster(result.median("touched"), first.median("touched")), smaller(result.size, first.size))
    return ", ".join(part for part in parts if part)


def faster(ours: float | None, theirs: float | None) -> str:
    """`33.8× faster`, `1.4× slower`, or `≈` where the difference may be noise; empty without both times."""
    if not ours or not theirs:
        return ""
    return "≈" if is_noise(ours, theirs) else change(ours, theirs)


def smaller(ours: int | None, theirs: int | None) -> str:
    """`−47.4 MB` or `same size`; empty without both sizes."""
    if ours is None or theirs is None:
        return ""
    if abs(ours - theirs) < _SAME:
        return "same size"
    return f"{'−' if ours < theirs else '+'}{size(abs(ours - theirs))}"
