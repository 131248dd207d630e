"""The prompt row: one line to type into, with its label and a note at the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static


class PromptInput(Input):
    """An input with a history: up and down step through it, ctrl+r finds the last entry that holds the text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "older", "Older line", show=False, id="input.older", tooltip="The line sent before"),
        Binding("down", "newer", "Newer line", show=False, id="input.newer", tooltip="The line sent after"),
        Binding("ctrl+r", "search", "History", id="input.search", tooltip="Last line that holds this"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, compact=True, select_on_focus=False)
        self.history: list[str] = []
        self._at: int | None = None  # where in the history we are; None is the line being typed
        self._draft = ""
        self._sought = ""

    def remember(self, text: str) -> None:
        """Put `text` at the end of the history, once."""
        if text:
            if text in self.history:
                self.history.remove(text)
            self.history.append(text)
            del self.history[:-200]
            self.refresh_bindings()
        self._at = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a history there is nothing to search."""
        if action == "search" and not self.history:
            return False
        return super().check_action(action, parameters)

    def action_copy(self) -> None:
        """Copy what is selected in the input; without a selection the key belongs to the screen."""
        if not self.selected_text:
            raise SkipAction
        super().action_copy()

    def action_older(self) -> None:
        """Show the entry before."""
        if self._at is None:
            self._draft = self.value
        at = len(self.history) if self._at is None else self._at
        if at > 0:
            self._show(at - 1)

    def action_newer(self) -> None:
        """Show the entry after, and in the end what was being typed."""
        if self._at is None:
            return
        if self._at + 1 < len(self.history):
            self._show(self._at + 1)
        else:
            self._at = None
            self.value = self._draft
            self.cursor_position = len(self.value)

    def action_search(self) -> None:
        """Show the newest entry that holds what is typed; again: the one before it."""
        if self._at is None:
            self._draft = self._sought = self.value
        at = len(self.history) if self._at is None else self._at
        for index in reversed(range(at)):
            if self._sought.casefold() in self.history[index].casefold():
                self._show(index)
                return

    def _show(self, index: int) -> None:
        self._at = index
        self.value = self.history[index]
        self.cursor_position = len(self.value)


class Prompt(Horizontal):
    """A labelled prompt. It is hidden until `ask`, and hides when the question is answered or given up."""

    DEFAULT_CSS = """
    Prompt { height: 1; background: $panel; display: none; }
    Prompt.-open { display: block; }
    Prompt > .prompt--label { width: auto; padding: 0 1; color: $foreground-muted; }
    Prompt > PromptInput { width: 1fr; background: $panel; border: none; padding: 0; }
    Prompt > .prompt--note { width: auto; max-width: 60%; padding: 0 1; color: $foreground-muted; }
    Prompt.-bad > .prompt--note { color: $error; max-width: 80%; }
    """

    class Opened(Message):
        """The prompt asks something."""

    class Closed(Message):
        """The prompt is gone. `before` is what had the focus before it."""

        def __init__(self, before: Widget | None) -> None:
            super().__init__()
            self.before = before

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.input = PromptInput()
        self.kind = ""
        """What is being asked, in a word; empty while the prompt is closed."""
        self._label = Static(classes="prompt--label")
        self._note = Static(classes="prompt--note")
        self._typed: Callable[[str], object] | None = None
        self._done: Callable[[str], object] | None = None
        self._given_up: Callable[[], object] | None = None
        self._complete: Callable[[str], Sequence[str]] | None = None
        self.histories: dict[str, list[str]] = {}
        """What was answered before, the newest last, by the kind of question."""
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        """Label, input and note."""
        yield self._label
        yield self.input
        yield self._note

    def ask(
        self,
        kind: str,
        label: str,
        *,
        value: str = "",
        typed: Callable[[str], object] | None = None,
        done: Callable[[str], object] | None = None,
        given_up: Callable[[], object] | None = None,
        complete: Callable[[str], Sequence[str]] | None = None,
        note: str = "",
    ) -> None:
        """Open with `label`. `typed` hears each change, `done` the text on enter, `given_up` that esc came.

        `complete` gives whole texts that could follow what is typed; tab takes the first.
        """
        if not self.kind:
            self._before = self.screen.focused
        self.kind = kind
        self._typed, self._done, self._given_up, self._complete = typed, done, given_up, complete
        self.input.history = self.histories.setdefault(kind, [])
        self._label.update(Content(label))
        self.note(note)
        with self.prevent(Input.Changed):
            self.input.value = value
        self.input.cursor_position = len(value)
        self.add_class("-open")
        self.post_message(self.Opened())
        self.screen.set_focus(self.input)  # at once: what is typed next is the answer, not keys of a pane

    def note(self, text: str, *, bad: bool = False) -> None:
        """Say something at the right end; in the colour of a failure if `bad`."""
        self._note.update(Content(text))
        self.set_class(bad, "-bad")

    def give_up(self) -> bool:
        """Close as esc does; False when nothing was open."""
        if not self.kind:
            return False
        given_up = self._given_up
        self._close()
        if given_up:
            given_up()
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        """Live filtering and finding."""
        event.stop()
        if self._typed and self.kind:
            self._typed(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The answer; a callback that returns False keeps the prompt open."""
        event.stop()
        done, kind = self._done, self.kind
        if done and done(event.value) is False:
            return
        self.input.remember(event.value)
        self.histories[kind] = self.input.history
        self._close()

    def on_key(self, event: events.Key) -> None:
        """Tab completes where there is something to complete."""
        if event.key == "tab" and self._complete:
            event.stop()
            event.prevent_default()
            found = self._complete(self.input.value)
            if found:
                self.input.value = found[0]
                self.input.cursor_position = len(found[0])

    def _close(self) -> None:
        self.kind = ""
        self.remove_class("-open")
        if self._before is not None and self._before.is_attached and self._before.focusable:
            self.screen.set_focus(self._before)  # at once: the next key may be on its way
        self.post_message(self.Closed(self._before))
