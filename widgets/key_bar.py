"""The footer: the keys of what has the focus, made from the real bindings, clickable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from opsterm.widgets.bar import Bar, Part

_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "backslash": "\\",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "apostrophe": "'",
    "minus": "-",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}


def key_name(key: str) -> str:
    """How a key is written on the screen: `ctrl+b`, `?`, `F7`, `L`."""
    *held, last = key.split("+")
    last = _NAMES.get(last, last)
    if last.startswith("f") and last[1:].isdigit():
        last = last.upper()
    if last == "at" and held == ["ctrl"]:
        last = "space"
    return "+".join([*held, last])


def is_printable(key: str) -> bool:
    """Whether an input would take the key as text."""
    return len(key) == 1 or (key in _NAMES and len(_NAMES[key]) == 1 and _NAMES[key] not in "←→↑↓") or key == "space"


def live_bindings(screen: Screen[Any]) -> Iterable[tuple[Binding, str]]:
    """The bindings that would act now, each once with its keys: what has the focus first, the program last.

    Only those with an id: the others are Textual's own, for editing and scrolling as everywhere.

    Keys that an input takes as text are left out while one has the focus.
    """
    typing = isinstance(screen.focused, Input)
    found: dict[str, tuple[Binding, list[str]]] = {}
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if not active.enabled or binding.system or not binding.id or (typing and is_printable(key)):
            continue
        found.setdefault(binding.id, (binding, []))[1].append(key)
    for binding, keys in found.values():
        yield binding, " ".join(key_name(key) for key in sorted(keys, key=lambda key: "+" in key))


class KeyBar(Bar):
    """At most `most` keys of what has the focus; `?` is always the last."""

    DEFAULT_CSS = """
    KeyBar { background: $panel; }
    """

    def show_keys(self, screen: Screen[Any], most: int, order: Sequence[str] = ()) -> None:
        """Show the keys that act on `screen` now: those whose ids are in `order` first, in that order."""
        typing = isinstance(screen.focused, Input)
        last = "app.palette" if typing else "app.help"
        parts: list[Part] = []
        said: set[str] = set()
        tail: Part | None = None
        place = {name: index for index, name in enumerate(order)}
        for binding, keys in sorted(live_bindings(screen), key=lambda each: place.get(each[0].id or "", len(place))):
            shown = Part(
                ((keys.split(" ")[0], "bold $footer-key-foreground"), (f" {binding.description.lower()}", "")),
                id=binding.key,
                keep=max(1, 8 - len(parts)),
            )
            if binding.id == last:
                tail = shown
            elif binding.show and binding.description.lower() not in said:
                said.add(binding.description.lower())
                parts.append(shown)
        parts = parts[: most - 1]
        if tail:
            parts.append(Part(tail.runs, tail.id, keep=9))
        self.set_parts(parts)
