"""The time in front of each line: whole, time of day, distance to the line before, or none."""

from __future__ import annotations

from enum import Enum

from opsterm.services.lines import Line, stamp

_DELTA_WIDTH = 12
_LONG = 9_999
"""Seconds from which a delta has no decimals, so that it keeps its width."""


class Stamps(Enum):
    """What stands in front of each line; the value is its name on the screen."""

    FULL = "full"
    """`2020-08-31 10:44:50.995281`"""
    TIME = "time"
    """`10:44:50.995281`, with fewer decimals where the view asks for that"""
    DELTA = "Δ"
    """Seconds since the line shown before it: `+0.181467`"""
    OFF = "off"

    @property
    def next(self) -> Stamps:
        """The mode that follows when the user cycles."""
        modes = list(Stamps)
        return modes[(modes.index(self) + 1) % len(modes)]


def stamp_text(line: Line, mode: Stamps, decimals: int = 6, before: Line | None = None) -> str:
    """The stamp of `line` with the space that follows it; empty when stamps are off.

    `decimals` (0 to 6) counts for `TIME` only, so that what is copied in full stays exact. `before` is the line
    shown above, for `DELTA`. Within one mode all stamps are equally wide: `stamp_width`.
    """
    if mode is Stamps.FULL:
        return stamp(line.first_ns) + " "
    if mode is Stamps.TIME:
        end = 20 + decimals if decimals else 19
        return stamp(line.first_ns)[11:end] + " "
    if mode is Stamps.DELTA:
        return _delta(line, before).rjust(_DELTA_WIDTH) + " "
    return ""


def stamp_width(mode: Stamps, decimals: int = 6) -> int:
    """Cells that a stamp takes, with the space that follows it."""
    if mode is Stamps.TIME:
        return 10 + decimals if decimals else 9
    return {Stamps.FULL: 27, Stamps.DELTA: _DELTA_WIDTH + 1}.get(mode, 0)


def _delta(line: Line, before: Line | None) -> str:
    if before is None:
        return "·"
    seconds = (line.first_ns - before.first_ns) / 1e9
    return f"{seconds:+.6f}" if abs(seconds) < _LONG else f"{seconds:+.0f}"
