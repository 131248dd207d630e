"""The Tx row: a whole line is typed here, and leaves on enter."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from opsterm.widgets.prompt import PromptInput


class TxInput(PromptInput):
    """The input of the row. A paste of several lines is handed on instead of being cut to its first.

    `send` is called with each line that is entered, without its ending; a line that it does not take stays.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Send", id="tx.send", tooltip="Send the line with its ending"),
        Binding("tab", "app.focus_next", "To lines", id="tx.leave", tooltip="Read the lines; tab comes back"),
    ]

    class Pasted(Message):
        """Several lines were pasted."""

        def __init__(self, lines: list[str]) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self, send: Callable[[str], bool]) -> None:
        super().__init__()
        self._send = send

    async def action_submit(self) -> None:
        """Send the line, in this very moment: a message to the screen would be two more turns of the loop."""
        line = self.value
        self.remember(line)
        if self._send(line):
            self.value = ""

    def action_end(self, select: bool = False) -> None:
        """To the end of the line; where there is none, the key belongs to the pane above."""
        if not self.value:
            raise SkipAction
        super().action_end(select)

    def _on_paste(self, event: events.Paste) -> None:
        lines = event.text.splitlines()
        if len(lines) > 1:
            event.stop()
            event.prevent_default()
            self.post_message(self.Pasted(lines))


class TxRow(Horizontal):
    """Label and input. What is typed stays there until it is sent."""

    SCOPED_CSS = False  # its rules ask for the classes of the screen around it
    DEFAULT_CSS = """
    TxRow { height: 1; background: $panel; }
    TxRow > Static { width: auto; padding: 0 1; color: $foreground-muted; }
    TxRow > TxInput { width: 1fr; background: $panel; border: none; padding: 0; }
    .-asking TxRow, .-choosing TxRow { display: none; }
    """

    def __init__(self, send: Callable[[str], bool]) -> None:
        super().__init__(id="tx")
        self.input = TxInput(send)
        self._label = Static()
        self._words = ""

    def compose(self) -> ComposeResult:
        """Label and input."""
        yield self._label
        yield self.input

    def label(self, words: str) -> None:
        """Say how a line is read and what is sent after it."""
        if words != self._words:
            self._words = words
            self._label.update(Content(f"Tx {words} ›"))
