"""The keys of a line pane. The screens add those that need more than the pane: filter, find, copy, save."""

from __future__ import annotations

from textual.binding import Binding, BindingType


def _key(keys: str, action: str, name: str, description: str, tooltip: str, *, show: bool = False) -> Binding:
    return Binding(keys, action, description, id=f"line.{name}", tooltip=tooltip, show=show)


LINE_KEYS: list[BindingType] = [
    _key("enter", "zoom", "zoom", "zoom", "Show the whole line and its fields", show=True),
    _key("t", "stamps", "stamps", "time", "Stamps: full, time of day, time since the line before, off", show=True),
    _key("w", "wrap", "wrap", "wrap", "Wrap long lines under their own text", show=True),
    _key("s", "follow", "follow", "follow", "Follow the newest line, or stop following"),
    _key("G,end,ctrl+end", "end", "end", "end", "Go to the newest line and follow"),
    _key("g,home", "home", "home", "top", "Go to the oldest line"),
    _key("pageup", "page(-1)", "page_up", "page up", "Scroll up by a page and stop following"),
    _key("pagedown", "page(1)", "page_down", "page down", "Scroll down by a page"),
    _key("k,up", "move(-1)", "up", "up", "Scroll up by a line and stop following"),
    _key("j,down", "move(1)", "down", "down", "Scroll down by a line"),
    _key("left", "sideways(-1)", "left", "left", "Scroll the text left; stamp and prefix stay"),
    _key("right", "sideways(1)", "right", "right", "Scroll the text right; stamp and prefix stay"),
    _key("n", "match(1)", "next_match", "next match", "Go to the next line with a match"),
    _key("N", "match(-1)", "previous_match", "previous match", "Go to the line with a match before this one"),
    _key("u", "matches_only", "matches_only", "all lines", "Show matching lines only, or all with matches marked"),
    _key("v", "select", "select", "select", "Select lines: j and k extend, c or y copies, esc ends"),
    _key("escape", "end_select", "end_select", "end selection", "End selecting lines"),
    _key("y", "copy_line", "copy_line", "copy line", "Copy this line, or the lines selected"),
    _key("m", "bookmark", "bookmark", "bookmark", "Set a bookmark on this line, or take it off"),
    _key("apostrophe", "next_bookmark", "next_bookmark", "next bookmark", "Go to the next bookmark"),
    _key("C", "clear", "clear", "clear", "Clear the view; the same key brings the lines back"),
]
