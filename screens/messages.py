"""Everything that was said in passing, at the right of what is there."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from opsterm.services.lines import Ring
from opsterm.widgets.line_view import LineView


class MessagesPanel(Vertical):
    """A line pane over the messages; esc closes it."""

    DEFAULT_CSS = """
    MessagesPanel { width: 1fr; height: 1fr; background: $panel; }
    """

    def __init__(self, messages: Ring) -> None:
        super().__init__()
        self._lines = LineView(messages)
        self._lines.wrap = True
        self._lines.placeholder = Content("Nothing was said yet.")

    def compose(self) -> ComposeResult:
        """A heading and the lines."""
        yield Static(Content.styled(" Messages   esc closes", "$foreground-muted"))
        yield self._lines

    def focus_lines(self) -> None:
        """Read them."""
        self._lines.focus()
