"""Jump: a letter on every tab and pane, and the next key goes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.widgets import Static

from opsterm.screens.frame import TabScreen
from opsterm.screens.tabs import Host
from opsterm.widgets.bar import Bar

LETTERS = "asdfghjklqwertyuiopzxcvbnm"


class JumpScreen(ModalScreen[None]):
    """Lies over the tab in front until a key is pressed."""

    DEFAULT_CSS = """
    JumpScreen { background: $background 30%; }
    JumpScreen > Static { width: auto; height: 1; background: $accent; color: $background; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+g", "dismiss", "Stay here", id="jump.stay", tooltip="Go nowhere"),
    ]

    def __init__(self, below: TabScreen, host: Host, show_tab: Callable[[str], None]) -> None:
        super().__init__()
        self._spots: list[tuple[Offset, Callable[[], object]]] = []
        bar = below.query_one("#tabs", Bar)
        for tab in host.tabs:
            if spot := bar.spot(tab.name):
                place = bar.region.offset + Offset(spot[0], 0)
                self._spots.append((place, lambda name=tab.name: show_tab(name)))  # type: ignore[misc]
        for widget in below.focus_chain:
            self._spots.append((widget.region.offset, widget.focus))

    def compose(self) -> ComposeResult:
        """A letter at each place."""
        for letter, (place, _) in zip(LETTERS, self._spots, strict=False):
            label = Static(Content(f" {letter} "))
            label.styles.position = "absolute"
            label.styles.offset = place
            yield label

    def on_key(self, event: events.Key) -> None:
        """Go where the letter is; any other key goes nowhere."""
        if event.key in ("escape", "ctrl+g"):
            return
        event.stop()
        self.dismiss()
        index = LETTERS.find(event.key)
        if 0 <= index < len(self._spots):
            self.call_later(self._spots[index][1])
