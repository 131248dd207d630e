"""The user's own keys: ids of bindings and their keys, checked before anything is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from textual.binding import Binding


class KeymapError(ValueError):
    """A key or an id that cannot be used; one line."""


def check(keys: Mapping[str, str]) -> None:
    """Refuse ids that no binding has, and keys that another binding of the same place already uses.

    Raises KeymapError. Without own keys nothing is imported.
    """
    if not keys:
        return
    places: dict[str, str] = {}
    taken: dict[str, set[str]] = {}
    for place, binding in _bindings():
        if binding.id:
            places[binding.id] = place
            taken.setdefault(binding.id, set()).add(binding.key)
    for name, wanted in keys.items():
        if name not in places:
            import difflib  # noqa: PLC0415  only to help

            near = difflib.get_close_matches(name, places, 1)
            raise KeymapError(f"keys: no action {name!r}" + (f", did you mean {near[0]!r}?" if near else ""))
        taken[name] = {key.strip() for key in wanted.split(",")}
    for name in keys:
        for other, used in taken.items():
            together = places[name] == places[other] or "app" in (places[name], places[other])
            if other != name and together and (both := used & taken[name]):
                raise KeymapError(f"keys: {name} and {other} would both be {min(both)}")


def _bindings() -> Iterator[tuple[str, Binding]]:
    from opsterm.screens import frame, pane, serial  # noqa: PLC0415  only with own keys
    from opsterm.tui.app import OpsTerm  # noqa: PLC0415
    from opsterm.widgets import line_view, prompt, row_table  # noqa: PLC0415

    places: list[tuple[str, type[Any]]] = [
        ("app", OpsTerm),
        ("app", frame.TabScreen),
        ("pane", pane.PaneScreen),
        ("pane", line_view.LineView),
        ("serial", serial.SerialScreen),
        ("list", row_table.RowTable),
        ("input", prompt.PromptInput),
    ]
    for place, owner in places:
        for binding in Binding.make_bindings(owner.__dict__.get("BINDINGS", ())):
            yield place, binding
