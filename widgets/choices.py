"""A short list of settings: up and down choose one, left and right change it, digits type a figure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

_LONGEST = 12  # characters of a typed figure


@dataclass(frozen=True, slots=True)
class Choice:
    """One setting: what it is called, what it may be, and what it is. Without options it is something to do, and
    `value` says what.
    """

    key: str
    label: str
    options: tuple[str, ...]
    value: str
    typed: bool = False
    """Whether a figure that is not among the options may be typed."""


class Choices(Widget, can_focus=True):
    """The list. Each change is told at once; what cannot be is said in the row by `refuse`."""

    DEFAULT_CSS = """
    Choices { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="choices.up", tooltip="The setting above"),
        Binding("down,j", "move(1)", "Down", show=False, id="choices.down", tooltip="The setting below"),
        Binding("left,h", "step(-1)", "Change", id="choices.left", tooltip="The value before"),
        Binding("right,l,space", "step(1)", "Change", show=False, id="choices.right", tooltip="The value after"),
        Binding("enter", "enter", "Apply", show=False, id="choices.enter", tooltip="Take the figure that was typed"),
        Binding("backspace", "rub", "Rub out", show=False, id="choices.rub", tooltip="Take back a digit"),
    ]

    class Changed(Message):
        """A setting has another value, or something is to be done; `value` is empty then."""

        def __init__(self, key: str, value: str) -> None:
            super().__init__()
            self.key = key
            self.value = value

    def __init__(self, choices: tuple[Choice, ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._choices = list(choices)
        self._at = 0
        self._typing = ""
        self._refusal = ""

    def value(self, key: str) -> str:
        """What a setting is now. Raises KeyError."""
        for choice in self._choices:
            if choice.key == key:
                return choice.value
        raise KeyError(key)

    def put(self, key: str, value: str) -> None:
        """Show another value, without telling."""
        self._choices = [replace(each, value=value) if each.key == key else each for each in self._choices]
        self.refresh()

    def refuse(self, reason: str) -> None:
        """Say below the list why a value could not be taken; empty takes it back."""
        self._refusal = reason
        self.refresh(layout=True)

    def render(self) -> Content:
        """A row a setting."""
        width = max(len(each.label) for each in self._choices) + 2
        rows = []
        for index, each in enumerate(self._choices):
            here = index == self._at
            value = self._typing + "▏" if here and self._typing else each.value
            mark = ("▌ " if self.has_focus else "│ ") if here else "  "
            shown = (f"← {value} →" if each.options else f"enter: {value}") if here else f"  {value}"
            rows.append(
                Content.assemble(
                    (mark, "$primary"),
                    (each.label.ljust(width), "bold" if here else "$foreground-muted"),
                    (shown, "bold" if here else "" if each.options else "$foreground-muted"),
                )
            )
        if self._refusal:
            rows.append(Content.styled(f"✖ {self._refusal}", "$error"))
        return Content("\n").join(rows)

    def action_move(self, step: int) -> None:
        """Choose the setting `step` rows on."""
        self._typing = ""
        self._at = (self._at + step) % len(self._choices)
        self.refresh()

    def action_step(self, step: int) -> None:
        """Take the value `step` places on."""
        choice = self._choices[self._at]
        options = choice.options
        if not options:
            return
        if choice.value in options:
            value = options[(options.index(choice.value) + step) % len(options)]
        else:
            value = options[0]
        self._take(value)

    def action_enter(self) -> None:
        """Take the figure that was typed, or do what the row says."""
        choice = self._choices[self._at]
        if self._typing:
            self._take(self._typing)
        elif not choice.options:
            self.post_message(self.Changed(choice.key, ""))

    def action_rub(self) -> None:
        """Take back a digit."""
        self._typing = self._typing[:-1]
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        """Digits type a figure where one may be typed; what follows them is kept too, so that enter can refuse it."""
        key = event.character
        if self._choices[self._at].typed and key and (key.isdigit() or (self._typing and key.isalnum())):
            event.stop()
            self._typing = (self._typing + key)[:_LONGEST]
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Choose a row; on the chosen one, its next value, or what it does."""
        if event.y < len(self._choices):
            if event.y == self._at:
                self.action_step(1)
                self.action_enter()
            else:
                self.action_move(event.y - self._at)

    def _take(self, value: str) -> None:
        self._typing = ""
        self._refusal = ""
        self._choices[self._at] = replace(self._choices[self._at], value=value)
        self.refresh(layout=True)
        self.post_message(self.Changed(self._choices[self._at].key, value))
