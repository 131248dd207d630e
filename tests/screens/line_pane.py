"""A small app around one `LineView`, and lines to put into it."""

from __future__ import annotations

from textual.app import App, ComposeResult

from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.services.text import clean
from opsterm.widgets.line_view import LineView

START = 1_598_870_690_995_281_000


class LineApp(App[None]):
    """Shows one view and keeps the messages that it posts."""

    def __init__(self, ring: Ring) -> None:
        super().__init__()
        self.view = LineView(ring)
        self.copied: list[LineView.Copied] = []
        self.zoomed: list[Line] = []
        self.changes = 0

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.focus()

    def on_line_view_copied(self, message: LineView.Copied) -> None:
        self.copied.append(message)

    def on_line_view_zoomed(self, message: LineView.Zoomed) -> None:
        self.zoomed.append(message.line)

    def on_line_view_changed(self) -> None:
        self.changes += 1


def line(text: str, direction: Direction = Direction.RX, flags: Flag = Flag.NONE, second: float = 0) -> Line:
    """A line as a source makes it, `second` seconds after all began."""
    at = START + round(second * 1e9)
    return Line(text.encode(), clean(text), at, at, direction=direction, flags=flags)


def lines(count: int, start: int = 0) -> list[Line]:
    """`line 0`, `line 1`, …, a second apart."""
    return [line(f"line {number}", second=number) for number in range(start, start + count)]


def rows(app: App[None]) -> list[str]:
    """The screen as text, without the scroll bar and the spaces at the end of rows."""
    return [strip.text.rstrip(" ▁▂▃▄▅▆▇") for strip in app.screen._compositor.render_strips()]
