"""One line in full at the right: where it came from, when, and what it says, field by field where it is JSON."""

from __future__ import annotations

import json
from typing import Any

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from opsterm.services.lines import Flag, Level, Line, stamp
from opsterm.services.text import clean
from opsterm.widgets.side_panel import SidePanel

_MOST = 200_000  # characters shown; a longer line is in the pane and in what is saved


class ZoomPanel(SidePanel):
    """Follows the line it was opened for; esc closes it."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def compose(self) -> ComposeResult:
        """Head, then the text or its fields."""
        yield Static(_head(self._line))
        yield Static(_body(self._line))


def _head(line: Line) -> Content:
    facts = [line.source, stamp(line.first_ns)]
    if line.last_ns - line.first_ns >= 1000:
        facts.append(f"took {(line.last_ns - line.first_ns) / 1e6:.3f} ms to come")
    facts.append(f"{len(line.raw):,} bytes" if line.raw else f"{len(line.text):,} characters")
    facts.append(f"line {line.seq + 1:,}")
    if line.level is not Level.NONE:
        facts.append(line.level.name)
    facts += [flag.name.lower() for flag in Flag if flag and flag in line.flags and flag.name]
    return Content.styled("   ".join(fact for fact in facts if fact) + "\n", "$foreground-muted")


def _body(line: Line) -> Content:
    fields = json_fields(line.text)
    if fields is None:
        return Content(line.text[:_MOST])
    width = min(24, max((len(name) for name in fields), default=0))
    rows = [
        Content.assemble((f"{name:<{width}}  ", "$foreground-muted"), (value, "")) for name, value in fields.items()
    ]
    return Content("\n").join(rows)


def json_fields(text: str) -> dict[str, str] | None:
    """The fields of the JSON object that `text` is or ends with, inner ones as `outer.inner`; None for others."""
    start = text.find("{")
    if start < 0 or not text.rstrip().endswith("}"):
        return None
    try:
        found = json.loads(text[start:])
    except ValueError:
        return None
    fields = {"": text[:start].strip()} if text[:start].strip() else {}
    _flatten(found, "", fields)
    return fields


def _flatten(value: Any, name: str, fields: dict[str, str]) -> None:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            _flatten(inner, clean(f"{name}.{key}" if name else key), fields)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        fields[name] = "\n".join(clean(row) for row in text.splitlines())  # stack traces keep their rows
