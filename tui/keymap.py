"""The user's own keys: ids of bindings and their keys, checked before anything is opened."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.binding import Binding


class KeymapError(ValueError):
    """A key or an id that cannot be used; one line that names both."""


@dataclass
class _Action:
    """An action that has an id: who owns it, its keys as delivered, and those it would have."""

    owners: list[type[Any]] = field(default_factory=list)
    usual: set[str] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)


def check(keys: Mapping[str, str]) -> dict[str, str]:
    """`keys` in Textual's names, in which `!` is `exclamation_mark`.

    Refused are ids that no binding has, keys that no terminal sends, and keys that another action already has.

    Raises KeymapError. Without own keys nothing is imported.
    """
    if not keys:
        return {}
    named: dict[str, str] = {}
    actions: dict[str, _Action] = {}
    for owner, name, key in _bindings():
        action = actions.setdefault(name, _Action())
        action.owners.append(owner)
        action.usual.add(key)
        action.wanted.add(key)
    for name, text in keys.items():
        if name not in actions:
            import difflib  # noqa: PLC0415  only to help

            near = difflib.get_close_matches(name, actions, 1)
            raise KeymapError(f"keys: no action {name!r}" + (f", did you mean {near[0]!r}?" if near else "."))
        parsed = _parse(name, text)
        named[name], actions[name].wanted = ",".join(parsed), set(parsed)
    for name in keys:
        mine = actions[name]
        for other, theirs in actions.items():
            both = (mine.wanted & theirs.wanted) - (mine.usual & theirs.usual)  # what is shared anyway may stay
            if other != name and both and (clash := _clash(mine, theirs, both)):
                raise KeymapError(f"keys: {name!r} and {other!r} would both be {clash!r}.")
    return named


def _parse(name: str, text: str) -> list[str]:
    from textual.binding import Binding, InvalidBinding  # noqa: PLC0415

    try:
        found = [binding.key for binding in Binding.make_bindings([(text, "")])]
    except InvalidBinding:
        raise KeymapError(f"keys: {name!r} is given no key.") from None
    for key in found:
        if not _exists(key):
            raise KeymapError(f"keys: {name!r}: no key is called {key!r}.")
    return found


def _exists(key: str) -> bool:
    """Whether Textual has a key of that name: `ctrl+b`, `f5`, `pageup`, `question_mark`, `L`."""
    from textual.keys import REPLACED_KEYS, Keys  # noqa: PLC0415

    *held, last = key.split("+")
    if not set(held) <= {"ctrl", "shift", "alt"}:
        return False
    if len(last) == 1 or last in {each.value for each in Keys} or last in REPLACED_KEYS:
        return True
    try:
        return bool(unicodedata.lookup(last.replace("_", " ")))
    except KeyError:
        return last == "hyphen_minus"  # Textual writes all hyphens as underscores


def _clash(mine: _Action, theirs: _Action, keys: set[str]) -> str:
    """The first of `keys` on which both would act at the same place; empty where there is none."""
    for one in mine.owners:
        for other in theirs.owners:
            for key in sorted(keys):
                if _together(one, other, key):
                    return key
    return ""


def _together(one: type[Any], other: type[Any], key: str) -> bool:
    """Whether one key press can reach both: the same place, or one inside the other."""
    from textual.app import App  # noqa: PLC0415
    from textual.screen import ModalScreen, Screen  # noqa: PLC0415
    from textual.widgets import Input  # noqa: PLC0415

    from opsterm.widgets.key_bar import is_printable  # noqa: PLC0415

    if issubclass(one, other) or issubclass(other, one):
        return True
    if issubclass(one, ModalScreen) or issubclass(other, ModalScreen):
        return False
    if is_printable(key) and (issubclass(one, Input) or issubclass(other, Input)):
        return False  # an input takes it as text
    outer = [issubclass(owner, App | Screen) for owner in (one, other)]
    return issubclass(one, App) or issubclass(other, App) or outer[0] is not outer[1]


def owners() -> list[type[Any]]:
    """Every class of ours that can have keys, the program first, then screens, then what has the focus."""
    from opsterm.screens import builds, confirm, jump, pods, ports, replaying, serial, traces, tx  # noqa: PLC0415
    from opsterm.tui.app import OpsTerm  # noqa: PLC0415
    from opsterm.widgets import choices, line_view, row_table  # noqa: PLC0415

    ends: tuple[type[Any], ...] = (
        OpsTerm,
        serial.SerialScreen,
        replaying.ReplayScreen,
        pods.PodsScreen,
        builds.BuildsScreen,
        traces.TracesScreen,
        confirm.ConfirmScreen,
        jump.JumpScreen,
        line_view.LineView,
        row_table.RowTable,
        tx.TxInput,
        ports.PortInput,
        ports.PortPicker,
        choices.Choices,
    )
    ours = [owner for end in ends for owner in reversed(end.__mro__) if owner.__module__.startswith("opsterm.")]
    return list(dict.fromkeys(ours))


def bindings_of(owner: type[Any]) -> Iterator[Binding]:
    """The bindings that a class itself brings, one for each key."""
    from textual.binding import Binding  # noqa: PLC0415  only with own keys

    return iter(Binding.make_bindings(owner.__dict__.get("BINDINGS", ())))


def _bindings() -> Iterator[tuple[type[Any], str, str]]:
    """Owner, id and key of every binding of ours."""
    for owner in owners():
        for binding in bindings_of(owner):
            if binding.id:
                yield owner, binding.id, binding.key
