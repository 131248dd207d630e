"""The command bar: `:` and a word, with what could be meant above it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from opsterm.widgets.prompt import Prompt

if TYPE_CHECKING:
    from opsterm.screens.frame import TabScreen

MOST = 6  # completions shown


class CommandError(Exception):
    """A command cannot do what was asked; one line for the prompt."""


@dataclass(frozen=True, slots=True)
class Command:
    """A word, what it does, and what may stand behind it."""

    name: str
    help: str
    run: Callable[[str], object]
    """Called with the rest of the line. Raises CommandError."""
    values: Callable[[], Sequence[str]] = tuple
    """What may stand behind the word, for completion."""
    aliases: tuple[str, ...] = ()


class Completions(Static):
    """The rows above the prompt, the best last."""

    SCOPED_CSS = False  # its rules ask for the classes of the screen around it
    DEFAULT_CSS = """
    Completions { height: auto; background: $panel; display: none; padding: 0 1; }
    .-asking Completions.-open { display: block; }
    """


class CommandBar:
    """Asks for a command in the prompt of a screen, and runs it."""

    def __init__(self, screen: TabScreen) -> None:
        self._screen = screen
        self.completions = Completions()

    @property
    def _prompt(self) -> Prompt:
        return self._screen.prompt

    def ask(self, value: str = "") -> None:
        """Open the bar."""
        self._prompt.ask(
            "command",
            ":",
            value=value,
            typed=self._typed,
            done=self._run,
            given_up=self._hide,
            complete=self._complete,
            note="tab complete   ↑ history   esc close",
        )
        self._typed(value)

    def _found(self, typed: str) -> list[tuple[str, str]]:
        """Whole lines that could be meant, each with its help, the best first."""
        name, space, rest = typed.partition(" ")
        commands = self._screen.commands()
        if not space:
            words = [(word, each) for each in commands for word in (each.name, *each.aliases)]
            starts = [(word, each.help) for word, each in words if word.startswith(name)]
            inside = [(word, each.help) for word, each in words if name in word and not word.startswith(name)]
            return sorted(starts) + sorted(inside)
        command = self._named(name)
        if command is None:
            return []
        return [(f"{name} {value}", "") for value in command.values() if rest.casefold() in value.casefold()]

    def _named(self, name: str) -> Command | None:
        return next((each for each in self._screen.commands() if name in (each.name, *each.aliases)), None)

    def _complete(self, typed: str) -> Sequence[str]:
        return [line for line, _ in self._found(typed)]

    def _typed(self, typed: str) -> None:
        found = self._found(typed)[:MOST]
        width = max((len(line) for line, _ in found), default=0) + 3
        rows = [
            Content.assemble(
                ("▌ " if index == 0 else "  ", "$primary"),
                (line.ljust(width), "bold" if index == 0 else ""),
                (text, "$foreground-muted"),
            )
            for index, (line, text) in enumerate(found)
        ]
        self.completions.update(Content("\n").join(reversed(rows)))
        self.completions.set_class(bool(rows), "-open")

    def _run(self, typed: str) -> bool:
        name, _, rest = typed.strip().partition(" ")
        if not name:
            self._hide()
            return True
        command = self._named(name)
        if command is None:
            names = [word for each in self._screen.commands() for word in (each.name, *each.aliases)]
            near = difflib.get_close_matches(name, names, 1)
            self._prompt.note(f'✖ no command "{name}"' + (f" · nearest: {near[0]}" if near else ""), bad=True)
            return False
        try:
            command.run(rest.strip())
        except CommandError as error:
            self._prompt.note(f"✖ {error}", bad=True)
            return False
        self._hide()
        return True

    def _hide(self) -> None:
        self.completions.remove_class("-open")
