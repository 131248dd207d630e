"""Another form of lines: each shown as rows of its own making, such as those of a hex dump, in place of its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from opsterm.services.lines import Line
from opsterm.widgets.line_view.wrap import Span


class Records(Protocol):
    """Makes the rows. They stand below one another, beside stamp and prefix, and are never wrapped."""

    def count(self, line: Line, cells: int) -> int:
        """How many rows `line` takes in `cells`: 1 at least. Asked of every line, so it must be quick."""
        ...

    def rows(self, line: Line, cells: int) -> Sequence[str]:
        """The rows: safe text without line breaks."""
        ...


def joined(rows: Sequence[str], indent: int) -> str:
    """The rows as one text, in which those below the first stand `indent` cells to the right, as on the screen."""
    return f"\n{' ' * indent}".join(rows)


def spans(text: str, indent: int) -> Iterator[Span]:
    """Start and end of each row in what `joined` gave."""
    start = 0
    for row in text.split("\n"):
        end = start + len(row)
        yield (start + indent if start else 0), end
        start = end + 1
