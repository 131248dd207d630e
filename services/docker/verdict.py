"""What two times are to each other, in words: shared by the screen and the plain table."""

from __future__ import annotations

NOISE = 0.15
"""Times of the same build differ by up to this share from run to run; smaller differences are called none."""


def is_noise(ours: float, theirs: float) -> bool:
    """Whether the difference of two times is no more than repetitions of one build show."""
    return abs(ours - theirs) <= NOISE * max(ours, theirs)


def change(ours: float, theirs: float) -> str:
    """`19.1× faster`, `1.4× slower`. Both are seconds above zero."""
    return f"{theirs / ours:.1f}× faster" if ours <= theirs else f"{ours / theirs:.1f}× slower"
