"""The help at the right: every key that acts now, made from the real bindings."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from opsterm.widgets.key_bar import live_bindings

_KEYS, _WORDS = 15, 34  # columns of a row


class HelpPanel(VerticalScroll):
    """Docked beside what it explains, which goes on living."""

    SCOPED_CSS = False  # its rules ask for the classes of the screen around it
    DEFAULT_CSS = """
    HelpPanel { width: 54; height: 1fr; background: $panel; padding: 0 1; scrollbar-size-vertical: 1; }
    .-narrow HelpPanel, .-tiny HelpPanel { width: 1fr; }
    """

    def __init__(self, title: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._heading = title
        self._text = Static()
        self._shown = Content()

    def compose(self) -> Any:
        """One static text; it is short."""
        yield self._text

    def explain(self, screen: Screen[Any]) -> None:
        """Say what each key does on `screen` now; while the panel itself has the focus, what it said before."""
        if self._shown and (screen.focused is None or self in screen.focused.ancestors_with_self):
            return
        rows = [(f"Help: {self._heading}\n\n", "bold")]
        count = 0
        for binding, keys in live_bindings(screen):
            count += 1
            first, *more = wrap(binding.tooltip or binding.description, _WORDS)
            rows.append((f"{keys:>{_KEYS}}  ", "bold $footer-key-foreground"))
            rows.append(("\n".join([first, *(" " * (_KEYS + 2) + line for line in more)]) + "\n", ""))
        rows.append((f"\n{count} keys act here now.   ? or esc closes", "$foreground-muted"))
        shown = Content.assemble(*rows)
        if shown != self._shown:  # the bindings change with the focus; most updates change nothing
            self._shown = shown
            self._text.update(shown)
