"""One row of short parts, some at the left and some at the right, that gives way when the terminal is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: runs of (text, style), where a style is in Textual's words, such as `bold $accent`.

    `id` makes it clickable. `keep` says how long it stays when room is short: 0 goes first, 9 is never left out.
    """

    runs: tuple[tuple[str, str], ...]
    id: str = ""
    keep: int = 5

    @property
    def content(self) -> Content:
        """What is drawn."""
        return Content.assemble(*self.runs)


def part(text: str, style: str = "", *, id: str = "", keep: int = 5) -> Part:  # noqa: A002  a Textual word
    """A part of one style."""
    return Part(((text, style),), id, keep)


class Bar(Widget):
    """A row of parts. Sets nothing on the screen in motion: equal parts cost no painting."""

    DEFAULT_CSS = """
    Bar { height: 1; width: 1fr; background: $surface; color: $foreground; }
    """
    ALLOW_SELECT = False

    class Pressed(Message):
        """A part with an id was clicked."""

        def __init__(self, bar: Bar, part_id: str) -> None:
            super().__init__()
            self.bar = bar
            self.part_id = part_id

        @property
        def control(self) -> Bar:
            """The bar, for `@on` with a selector."""
            return self.bar

    def __init__(self, *, gap: int = 3, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._gap = gap
        self._left: tuple[Part, ...] = ()
        self._right: tuple[Part, ...] = ()
        self._spots: list[tuple[int, int, str]] = []  # columns from, to, and the id of the part there

    def set_parts(self, left: Sequence[Part], right: Sequence[Part] = (), gap: int | None = None) -> None:
        """Show these parts; `gap` columns lie between neighbours."""
        fresh = (tuple(left), tuple(right), self._gap if gap is None else gap)
        if fresh != (self._left, self._right, self._gap):
            self._left, self._right, self._gap = fresh
            self.refresh()

    def render(self) -> Content:
        """The row, cut to the width there is."""
        width = self.size.width
        left, right = fit(self._left, self._right, width - 2, self._gap)
        self._spots = []
        row = self._join(left, 1)
        tail = self._join(right, 0)
        room = width - 1 - tail.cell_length
        if right:
            self._spots += self._place(right, room)
            row = row.truncate(room - (1 if left else 0), ellipsis=True).pad_right(
                room - min(row.cell_length, room - (1 if left else 0))
            )
        self._spots += self._place(left, 1)
        return Content.assemble(row, tail)

    def _join(self, parts: Sequence[Part], indent: int) -> Content:
        gap = Content(" " * self._gap)
        return Content.assemble(Content(" " * indent), gap.join([part.content for part in parts]))

    def _place(self, parts: Sequence[Part], column: int) -> list[tuple[int, int, str]]:
        spots = []
        for each in parts:
            end = column + each.content.cell_length
            if each.id:
                spots.append((column, end, each.id))
            column = end + self._gap
        return spots

    def spot(self, part_id: str) -> tuple[int, int] | None:
        """First and last column (exclusive) where a part is shown, or None."""
        return next(((start, end) for start, end, name in self._spots if name == part_id), None)

    def on_click(self, event: events.Click) -> None:
        """Tell which part was hit; the gap around a part counts as the part."""
        for start, end, name in self._spots:
            if start - 1 <= event.x <= end:
                self.post_message(self.Pressed(self, name))
                return


def fit(left: Sequence[Part], right: Sequence[Part], width: int, gap: int) -> tuple[list[Part], list[Part]]:
    """The parts that `width` columns have room for: those with the least `keep` go first, the last one first."""
    keep_left, keep_right = list(left), list(right)

    def used() -> int:
        parts = keep_left + keep_right
        return sum(each.content.cell_length for each in parts) + gap * max(0, len(parts) - 1)

    while used() > width:
        parts = keep_left + keep_right
        least = min((each.keep for each in parts), default=9)
        if least >= 9:
            break
        for side in (keep_right, keep_left):
            index = next((n for n in reversed(range(len(side))) if side[n].keep == least), None)
            if index is not None:
                del side[index]
                break
    return keep_left, keep_right
