"""`make keys`: the page of all keys, made from the bindings that the program has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opsterm.tui.keymap import bindings_of, owners
from opsterm.widgets.key_bar import key_name

PAGE = Path(__file__).with_suffix(".md")
HEAD = """# Keys

Every key of opsterm, by the place where it acts. `?` shows those that act where you are. In an input, keys that are
text are text.

The ids are for `config.toml`, where any key can be changed:

```toml
[keys]
"line.wrap" = "W"
"serial.settings" = "ctrl+y,f6"
```
"""
PLACES = {
    "OpsTerm": "Everywhere",
    "TabScreen": "Every tab",
    "PaneScreen": "Every tab with lines or a list",
    "SerialLines": "Serial: lines",
    "ReplayScreen": "Serial: replay",
    "SerialTransfers": "Serial: files",
    "SerialMacros": "Serial: macros",
    "SerialTuning": "Serial: settings",
    "SerialPair": "Serial: two ports",
    "SerialScreen": "Serial",
    "PlaceScreen": "Pods: where",
    "PodsScreen": "Pods",
    "BuildsScreen": "Builds",
    "TraceBrowser": "Traces: views",
    "TraceJumps": "Traces: from one to another",
    "TraceOrganization": "Traces: source",
    "TracesScreen": "Traces",
    "ConfirmScreen": "Questions",
    "JumpScreen": "Jump",
    "LineMoving": "Line panes",
    "RowTable": "Lists",
    "PromptInput": "Inputs",
    "TxInput": "The Tx line",
    "PortPicker": "The port picker",
    "PortInput": "The field of the port picker",
    "Choices": "The settings panel",
}


def page() -> str:
    """The whole page, in Markdown. Raises KeyError for a class whose place has no title."""
    return HEAD + "".join(_section(owner) for owner in owners() if list(bindings_of(owner)))


def _section(owner: type[Any]) -> str:
    title = PLACES[owner.__name__]
    return f"\n## {title}\n\n| key | what it does | id |\n|---|---|---|\n" + "".join(_rows(owner))


def _rows(owner: type[Any]) -> Iterator[str]:
    keys: dict[str, list[str]] = {}
    does: dict[str, str] = {}
    for binding in bindings_of(owner):
        name = binding.id or binding.action
        keys.setdefault(name, []).append(f"`{key_name(binding.key)}`")
        does[name] = binding.tooltip or binding.description
    for name, some in keys.items():
        yield f"| {' '.join(some)} | {does[name]} | `{name}` |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
