"""`LineView`: the pane on which all lines are drawn, and what can be taken from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual import events
from textual.message import Message
from textual.selection import Selection

from opsterm.services.lines import Line, Ring
from opsterm.widgets.line_view.moving import LineMoving
from opsterm.widgets.line_view.pace import Pace
from opsterm.widgets.line_view.words import Prefix, arrows

_FACTS = 0.5
"""Seconds between two messages when only figures changed."""


class LineView(LineMoving, can_focus=True):
    """A live view of a ring of lines.

    Follows the newest line until the user scrolls up; from then on nothing moves under the eye. Memory is that of the
    ring and about 16 bytes a line; what a paint costs depends on the rows on the screen, never on the rate of lines.
    """

    BINDING_GROUP_TITLE = "Lines"

    class Changed(Message):
        """`follow`, `new_lines`, `matched`, `total` or `found` of the view changed. At most two a second, and at once
        where the user did it.
        """

        def __init__(self, view: LineView) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> LineView:
            """The view."""
            return self.view

    class Copied(Message):
        """The user wants `text` in the clipboard; it is empty when there was nothing to copy. `lines` counts them."""

        def __init__(self, view: LineView, text: str, lines: int) -> None:
            super().__init__()
            self.view = view
            self.text = text
            self.lines = lines

        @property
        def control(self) -> LineView:
            """The view."""
            return self.view

    class Zoomed(Message):
        """The user wants to see the whole of `line`."""

        def __init__(self, view: LineView, line: Line) -> None:
            super().__init__()
            self.view = view
            self.line = line

        @property
        def control(self) -> LineView:
            """The view."""
            return self.view

    def __init__(
        self,
        ring: Ring | None = None,
        *,
        prefix: Prefix = arrows,
        id: str | None = None,  # noqa: A002  Textual's name
        classes: str | None = None,
    ) -> None:
        self._facts: tuple[object, ...] = ()
        self._facts_pace = Pace(self._post_changed, _FACTS, _FACTS)
        super().__init__(Ring() if ring is None else ring, prefix, id, classes)

    # What can be taken away

    def copy_text(self) -> str:
        """What `copy` takes: the selection, or else the cursor's line, or else all that is shown."""
        selection = self.text_selection
        if selection is not None and (selected := self.get_selection(selection)) is not None:
            return selected[0]
        if self.cursor.seq is not None:
            return self._chosen_text()
        return "\n".join(self.saved_lines())

    def copy(self) -> None:
        """Post `Copied` with `copy_text`."""
        self._post_copied(self.copy_text())

    def saved_lines(self) -> Iterator[str]:
        """All that is shown, in the words of the view; later changes of the ring do not disturb it."""
        return self._said(self.ring.since(self._index.first_seq))

    def _said(self, lines: Iterable[Line], before: Line | None = None) -> Iterator[str]:
        """Those of `lines` that are shown, in words; `before` is the line shown above them."""
        for line in lines:
            if self._shows_all or self._passes(line):
                yield str(self.painter.words(line, before))
                before = line

    def _chosen_text(self) -> str:
        """The lines chosen, or the current one."""
        current, chosen = self.current(), self.cursor.chosen
        if current is None:
            return ""
        first, end = (chosen.start, chosen.stop) if chosen else (current.seq, current.seq + 1)
        return "\n".join(self._said(self.ring.since(first, end), self._before(self._index.layout.index(first))))

    def _post_copied(self, text: str) -> None:
        self.post_message(self.Copied(self, text, text.count("\n") + 1 if text else 0))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text under a selection made with the mouse. Its offsets count characters and sequence numbers."""
        layout = self._index.layout
        first = 0 if selection.start is None else layout.index(selection.start.y)
        last = len(layout) if selection.end is None else layout.index(selection.end.y + 1)
        parts = []
        for index in range(first, last):
            line, span = self._line(index), selection.get_span(layout[index])
            if line is not None and span is not None:
                said = str(self.painter.words(line, self._before(index)))
                parts.append(said[span[0] : None if span[1] == -1 else span[1]])
        return "\n".join(parts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Lines do not move under the mouse while it selects."""
        if selection is not None:
            self.follow = False
        super().selection_updated(selection)

    # Keys

    def action_zoom(self) -> None:
        """Ask for the whole of the current line."""
        if (line := self.current()) is not None:
            self.post_message(self.Zoomed(self, line))

    def action_stamps(self) -> None:
        """Go to the next kind of stamps."""
        self.cycle_stamps()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.wrap = not self.wrap

    def action_matches_only(self) -> None:
        """Show matching lines only, or all with matches marked."""
        self.matches_only = not self.matches_only

    def action_copy_line(self) -> None:
        """Copy the chosen lines or the current one."""
        self._post_copied(self._chosen_text())
        self.action_end_select()

    def action_clear(self) -> None:
        """Take all lines out of sight, or bring them back."""
        self.cleared = not self.cleared

    def on_click(self, event: events.Click) -> None:
        """A double click zooms."""
        if event.chain == 2 and (line := self._line_at(event.y)) is not None:
            self.post_message(self.Zoomed(self, line))

    # Facts

    def _announce(self, now: bool = False) -> None:
        facts = (self.follow, self.new_lines, self.matched, self.total, self.found)
        if facts == self._facts or not self.is_attached:
            return
        self._facts = facts
        if now:
            self._facts_pace.now()
        else:
            self._facts_pace.news()

    def _post_changed(self) -> None:
        self.post_message(self.Changed(self))

    def on_unmount(self) -> None:
        """Post nothing any more."""
        self._facts_pace.stop()
