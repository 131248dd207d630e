"""What stands at the right of the main area, and takes all of it where there is little room."""

from __future__ import annotations

from textual.containers import VerticalScroll


class SidePanel(VerticalScroll):
    """Half of the width; a panel that needs less says how much in its own style."""

    SCOPED_CSS = False  # its rules ask for the classes of the screen around it
    DEFAULT_CSS = """
    SidePanel { width: 50%; height: 1fr; background: $panel; padding: 0 1; }
    .-narrow SidePanel, .-tiny SidePanel { width: 1fr; }
    """
