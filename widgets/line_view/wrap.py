"""Cutting text by terminal cells: rows of a wrapped line, and the part of a line that a window shows.

Most lines hold only characters of one cell, and everything is arithmetic; the rest is walked, cluster by cluster. A
character of two cells that would be split goes to the next row, and leaves a blank where a window cuts through it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size

Span = tuple[int, int]
"""Start and end of a part, in characters."""

# Scripts and signs of one cell each, in which most of what devices and programs write is written.
_NARROW = re.compile(
    "[ -~\xa1-\xac\xae-\u02ff\u0370-\u0377\u0391-\u03ff\u0400-\u0482\u2010-\u2026\u2190-\u2199─-▟␀-␡]*"
)
_JOINER = "\u200d"


def narrow(text: str) -> bool:
    """Whether each character of `text` is known to take one cell; False where that is not known."""
    return text.isascii() or _NARROW.fullmatch(text) is not None


def width(text: str) -> int:
    """Cells that `text` takes."""
    return len(text) if narrow(text) else cell_len(text)


def clusters(text: str) -> Iterator[tuple[int, int, int]]:
    """The parts of `text` that must stay together: start, end, and cells."""
    start = 0
    for at in range(1, len(text) + 1):
        if at < len(text) and (text[at - 1] == _JOINER or not get_character_cell_size(text[at])):
            continue
        yield start, at, cell_len(text[start:at])
        start = at


@lru_cache(256)
def rows(text: str, first: int, rest: int) -> tuple[Span, ...]:
    """`text` cut into rows of at most `first` cells, then of `rest` cells each. Always one row at least; the first
    is empty when `first` is 0. `rest` must be at least 2, or a wide character could not be placed.
    """
    if narrow(text):
        starts = range(first, len(text), rest)
        return ((0, min(first, len(text))), *((at, min(at + rest, len(text))) for at in starts))
    spans = []
    row = used = 0
    room = first
    for start, _, cells in clusters(text):
        if used + cells > room:
            spans.append((row, start))
            row, used, room = start, 0, rest
        used += cells
    return (*spans, (row, len(text)))


def row_count(text: str, first: int, rest: int) -> int:
    """How many rows `rows` gives, without making them where that can be known."""
    if narrow(text):
        return 1 if len(text) <= first else 1 - (first - len(text)) // rest
    return len(rows(text, first, rest))


def window(text: str, left: int, cells: int) -> tuple[Span, int]:
    """The characters of `text` that lie whole within `cells` cells from cell `left` on, and how many blank cells
    stand before them, because a wide character is cut by the edge.
    """
    if narrow(text):
        start = min(left, len(text))
        return (start, min(start + cells, len(text))), 0
    at, begin, stop, blank = 0, len(text), len(text), 0
    for start, _, size in clusters(text):
        if begin == len(text) and at >= left:
            begin, blank = start, at - left
        if begin < len(text) and at + size > left + cells:
            stop = start
            break
        at += size
    return (begin, max(begin, stop)), min(blank, cells)
