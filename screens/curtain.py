"""What is on the screen until the first tab is there: its frame, painted before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.screen import Screen

from opsterm.screens.tab_row import tab_parts
from opsterm.screens.tabs import Tab
from opsterm.widgets.bar import Bar


class Curtain(Screen[None]):
    """The row of tabs with the one that is coming in front."""

    def __init__(self, tabs: Sequence[Tab], front: str) -> None:
        super().__init__()
        self._tabs = tabs
        self._front = front
        self._bar = Bar()

    def compose(self) -> ComposeResult:
        """One row."""
        yield self._bar

    def on_mount(self) -> None:
        """As the frame will draw it."""
        self._bar.set_parts(*tab_parts(self._tabs, self._front, self.app.size.width))
