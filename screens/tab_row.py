"""Row 1: the tabs, and at its right end what must not be forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from opsterm.screens.tabs import NARROW, ROLES, WIDE, Tab
from opsterm.widgets.bar import Part


def tab_parts(tabs: Sequence[Tab], front: str, width: int) -> tuple[list[Part], list[Part], int]:
    """The tabs for a row of `width` columns: parts at the left, none at the right, and the gap between them."""
    parts = []
    for tab in tabs:
        glyph = (f" {tab.glyph}", ROLES[tab.state])
        name = f"{tab.key.upper()} {tab.title}"
        if width < NARROW:
            name, glyph = tab.key[1:], (tab.glyph, glyph[1])
        elif width < WIDE:
            name, glyph = tab.title, (tab.glyph, glyph[1])
        runs = [(name, "bold underline $primary" if tab.name == front else ""), glyph]
        if tab.figure:
            runs.append((f" {tab.figure}", "$foreground-muted"))
        if tab.alerts:
            runs.append((f" ▲{tab.alerts}", "bold $warning"))
        parts.append(Part(tuple(runs), id=tab.name, keep=9))
    return parts, [], 3 if width >= NARROW else 1
