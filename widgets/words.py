"""Small words for figures: sizes, ages, counts, and the ASCII stand-ins for the glyphs."""

from __future__ import annotations

ASCII = str.maketrans(
    {
        **dict(zip("●◐◓◑◒○↻✖▲✓≈▸▾", "*~~~~o@X!+=>v", strict=True)),
        **dict.fromkeys("▌▏│┃", "|"),
        **dict.fromkeys("─━—−", "-"),
        **dict.fromkeys("█▉▊▋▍▎▐", "#"),
        **dict.fromkeys("░▒▓·", "."),
        **dict(zip("…⇄›×↑↓→←", ".=>x^v><", strict=True)),
    }
)
"""One cell for one cell; `str.translate` takes it."""


_LEAST_SHARE = 0.05
_LEAST_SECONDS = 3.0


def size(count: float) -> str:
    """Bytes in decimal units, as device and image sizes are given: `512 B`, `1.4 kB`, `31 MB`."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 9.95:
            return f"{count:.1f} {unit}"
        if count < 999.5:
            return f"{count:.0f} {unit}"
    return f"{count / 1000:.1f} TB"


def clock(seconds: float) -> str:
    """A duration as `00:41:07`."""
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 line`, `1,204 lines`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def eighths(share: float, cells: int) -> str:
    """A bar of `cells` that is full at a share of 1."""
    steps = round(max(0.0, min(1.0, share)) * cells * 8)
    whole, rest = divmod(steps, 8)
    return ("█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(cells, "░")


def left(done: float, total: float, seconds: float) -> str:
    """How long it goes on if it goes on like this, `2 min 01 s left`; empty while that would be a guess."""
    if not done or not total or done / total < _LEAST_SHARE or seconds < _LEAST_SECONDS:
        return ""
    minutes, rest = divmod(round(seconds * (total - done) / done), 60)
    return f"{minutes} min {rest:02d} s left" if minutes else f"{rest} s left"
