"""The keys of every list, by the ids under which a keymap can change them."""

from __future__ import annotations

from textual.binding import Binding, BindingType

LIST_KEYS: list[BindingType] = [
    Binding("enter", "open", "open", tooltip="Open the row under the cursor", id="list.open"),
    Binding("space", "mark", "mark", tooltip="Mark the row, or take its mark away, and move down", id="list.mark"),
    Binding("j,down", "move(1)", "down", show=False, tooltip="One row down", id="list.down"),
    Binding("k,up", "move(-1)", "up", show=False, tooltip="One row up", id="list.up"),
    Binding("g,home", "first", "first", show=False, tooltip="To the first row", id="list.home"),
    Binding("G,end", "last", "last", show=False, tooltip="To the last row", id="list.end"),
    Binding("ctrl+f,pagedown", "page(1)", "page down", show=False, tooltip="One page down", id="list.page_down"),
    Binding("ctrl+b,pageup", "page(-1)", "page up", show=False, tooltip="One page up", id="list.page_up"),
    Binding(
        "ctrl+space,ctrl+@",  # without the kitty protocol a terminal sends NUL, which Textual names ctrl+@
        "mark_range",
        "mark range",
        show=False,
        tooltip="Mark all rows from the last mark to the cursor",
        id="list.mark_range",
    ),
    Binding(
        "ctrl+backslash",
        "clear_marks",
        "clear marks",
        show=False,
        tooltip="Take every mark away",
        id="list.clear_marks",
    ),
    Binding(
        "shift+left",
        "choose(-1)",
        "column left",
        show=False,
        tooltip="Choose the column to the left",
        id="list.column_left",
    ),
    Binding(
        "shift+right",
        "choose(1)",
        "column right",
        show=False,
        tooltip="Choose the column to the right",
        id="list.column_right",
    ),
    Binding(
        "O", "sort", "sort", show=False, tooltip="Sort by the chosen column; again turns it around", id="list.sort"
    ),
]
