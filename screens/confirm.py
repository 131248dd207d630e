"""The only thing that takes the keyboard: a question before something that hurts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class ConfirmScreen(ModalScreen[bool]):
    """Names what will happen; Cancel has the focus. The result is whether to go on."""

    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; background: $background 60%; }
    ConfirmScreen > Vertical { width: 64; max-width: 90%; height: auto; background: $panel; padding: 1 2; }
    ConfirmScreen Horizontal { height: auto; margin-top: 1; }
    ConfirmScreen Button { margin-right: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="confirm.cancel", tooltip="Do nothing"),
        Binding("left,up", "app.focus_previous", "Other", show=False, id="confirm.left", tooltip="The other button"),
        Binding("right,down", "app.focus_next", "Other", show=False, id="confirm.right", tooltip="The other button"),
    ]

    def __init__(self, question: str, details: Sequence[str], verb: str) -> None:
        super().__init__()
        self._question = question
        self._details = details
        self._verb = verb

    def compose(self) -> ComposeResult:
        """Question, details, buttons."""
        with Vertical():
            yield Static(Content.styled(self._question, "bold"))
            for line in self._details:
                yield Static(Content(line))
            with Horizontal():
                yield Button(Content("Cancel"), id="cancel", compact=True)
                yield Button(Content(self._verb), id="go", variant="error", compact=True)

    def on_mount(self) -> None:
        """Nothing happens by pressing enter at once."""
        self.query_one("#cancel", Button).focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "go")

    def action_cancel(self) -> None:
        """Do nothing."""
        self.dismiss(False)
