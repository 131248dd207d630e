"""The help at the right: every key that acts now, made from the real bindings."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from opsterm.widgets.key_bar import live_bindings
from opsterm.widgets.side_panel import SidePanel

_KEYS = 15  # columns
_WIDTH = 50  # columns inside a panel that does not take the whole main area


class HelpPanel(SidePanel):
    """Docked beside what it explains, which goes on living."""

    DEFAULT_CSS = "HelpPanel { width: 53; scrollbar-size-vertical: 1; }"

    def __init__(self, title: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._heading = title
        self._text = Static()
        self._keys: list[tuple[str, str]] = []
        self._width = _WIDTH

    def compose(self) -> Any:
        """One static text; it is short."""
        yield self._text

    def explain(self, screen: Screen[Any]) -> None:
        """Say what each key does on `screen` now; while the panel itself has the focus, what it said before."""
        if self._keys and (screen.focused is None or self in screen.focused.ancestors_with_self):
            return
        keys = [(keys, binding.tooltip or binding.description) for binding, keys in live_bindings(screen)]
        if keys != self._keys:  # the bindings change with the focus; most updates change nothing
            self._keys = keys
            self._text.update(self._written())

    def on_resize(self) -> None:
        """The words are wrapped under each other, not under the keys."""
        if self._width != (width := self.scrollable_content_region.width):
            self._width = width
            self._text.update(self._written())

    def _written(self) -> Content:
        words = max(10, self._width - _KEYS - 2)
        rows = [(f"Help: {self._heading}", "bold"), ("   ? or esc closes\n\n", "$foreground-muted")]
        for keys, said in self._keys:
            rows.append((f"{keys:>{_KEYS}}  ", "bold $footer-key-foreground"))
            rows.append((f"\n{' ' * (_KEYS + 2)}".join(wrap(said, words)) + "\n", ""))
        rows.append((f"\n{len(self._keys)} keys act here now.", "$foreground-muted"))
        return Content.assemble(*rows)
