"""Drawing a `RowModel`: only the rows in view, and none twice while it looks the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from rich.style import Style
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from opsterm.widgets.row_table.columns import Widths
from opsterm.widgets.row_table.fresh import Fresh
from opsterm.widgets.row_table.model import Change, RowModel
from opsterm.widgets.row_table.paint import EDGE, MARGIN, Look, Painter
from opsterm.widgets.row_table.records import Column, Row

CACHED_STRIPS = 512
FRESH_SECONDS = 1.0
PARTS = ("plain", "cursor", "mark", "header", "header-sorted", "header-chosen", "placeholder")
ROLES = ("muted", "success", "warning", "error", "accent", "primary", "disabled", "protected")


class RowView(ScrollView, inherit_bindings=False):
    """One line of titles that stays, and below it the rows of `model`, scrolled."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"row--{name}" for name in (*PARTS, *ROLES)}
    DEFAULT_CSS = """
    RowView {
        color: $foreground;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .row--header, & > .row--muted, & > .row--placeholder { color: $foreground-muted; }
        & > .row--header-sorted { color: $foreground; text-style: bold; }
        & > .row--header-chosen { color: $accent; text-style: underline; }
        & > .row--mark, & > .row--accent { color: $accent; }
        & > .row--success { color: $success; }
        & > .row--warning { color: $warning; }
        & > .row--error { color: $error; }
        & > .row--protected { color: $error; text-style: bold; }
        & > .row--primary { color: $primary; }
        & > .row--disabled { color: $foreground-disabled; }
        & > .row--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .row--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
    }
    """

    dimmed = reactive(False, repaint=False)
    """Draw everything muted: what is shown is old."""

    def __init__(
        self,
        columns: tuple[Column, ...],
        placeholder: Content | str,
        *,
        name: str | None,
        id: str | None,  # noqa: A002  Textual's own name for it
        classes: str | None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._columns = columns
        self._widths = Widths(columns)
        self._model = RowModel()
        self._fresh = Fresh()
        self._chosen: int | None = None
        self._placeholder = _content(placeholder)
        self._painter: Painter | None = None
        self._strips: LRUCache[str, tuple[Row, Look, Strip]] = LRUCache(CACHED_STRIPS)

    @property
    def placeholder(self) -> Content:
        """What stands in the place of the rows while none is shown; a `str` is taken literally."""
        return self._placeholder

    @placeholder.setter
    def placeholder(self, content: Content | str) -> None:
        self._placeholder = _content(content)
        self.refresh()

    def refit(self) -> None:
        """Let columns become as narrow as what is in them now."""
        self._widths.refit(self._model.rows.values())
        self._redraw()

    def render_line(self, y: int) -> Strip:
        """The titles, or the row in view at line `y`."""
        painter, model = self._painter_now(), self._model
        if not model.shown and (y > 0 or not model.rows):
            return self._placeholder_line(y - bool(model.rows), painter.width)
        if y == 0:
            return painter.header(model.sort_column, model.sort_reverse, self._chosen)
        index = self.scroll_offset.y + y - 1
        if index >= len(model.shown):
            return Strip.blank(painter.width, self._style("plain"))
        row = model.rows[model.shown[index]]
        look = Look(index == model.index, row.key in model.marks, self._fresh.columns(row.key))
        cached = self._strips.get(row.key)
        if cached is not None and cached[0] is row and cached[1] == look:
            return cached[2]
        strip = painter.row(row, look)
        self._strips[row.key] = (row, look, strip)
        return strip

    def notify_style_update(self) -> None:
        """Drop what was drawn: the theme or the focus changed."""
        super().notify_style_update()
        self._painter = None

    def watch_dimmed(self) -> None:
        """Draw everything again."""
        self._redraw()

    @property
    def _page(self) -> int:
        """Number of rows that fit below the titles; while the table is hidden, those that fitted before."""
        return max(1, self.container_size.height - 1)

    def _change(self, change: Callable[[], Change], *, bold: bool) -> Change:
        """Let `change` alter the model, and draw what it altered, without moving what the reader looks at."""
        anchor, offset = self._anchor()
        change_done = change()
        wider = self._widths.measure(change_done.rows)
        if wider:
            self._painter = None
        if change_done.moved:
            self._resize()
            self._scroll(self._row_of(anchor) - offset)
        if change_done.moved or wider:
            self.refresh()
        else:
            self._refresh_rows({row.key for row in change_done.rows})
        if bold:
            self._embolden(change_done)
        return change_done

    def _rearranged(self) -> None:
        """Draw the rows after the reader sorted or filtered them; the cursor stays in view."""
        self._resize()
        self._reveal()
        self.refresh()

    def _reveal(self) -> None:
        """Scroll as little as needed to bring the cursor into view."""
        top, index = self.scroll_offset.y, self._model.index
        if index < top or index >= top + self._page:
            self._scroll(index if index < top else index - self._page + 1)

    def _redraw(self) -> None:
        self._painter = None
        self.refresh()

    def _refresh_rows(self, keys: set[str]) -> None:
        """Have the rows with these keys drawn again, as far as they are in view."""
        top = self.scroll_offset.y
        for y, key in enumerate(self._model.shown[top : top + self._page], start=1):
            if key in keys:
                self.refresh(Region(0, y, self.size.width, 1))

    def _anchor(self) -> tuple[str | None, int]:
        """The row that must not move on the screen (None for whichever has the cursor), and its line in view."""
        top, model = self.scroll_offset.y, self._model
        if top <= model.index < top + self._page or not model.shown:
            return None, model.index - top
        return model.shown[min(top, len(model.shown) - 1)], 0

    def _row_of(self, anchor: str | None) -> int:
        if anchor is None:
            return self._model.index
        try:
            return self._model.shown.index(anchor)
        except ValueError:
            return self.scroll_offset.y

    def _resize(self) -> None:
        self.virtual_size = Size(0, len(self._model.shown) + 1)

    def _scroll(self, y: int) -> None:
        if self.is_attached:
            self.scroll_to(y=max(0, y), animate=False)

    def _embolden(self, change: Change) -> None:
        news = [(key, index) for key, index in change.cells if not self._ticks(index)]
        if news and self.is_attached and self.app.animation_level != "none":
            self.set_timer(FRESH_SECONDS, partial(self._calm, self._fresh.add(news)))

    def _ticks(self, index: int) -> bool:
        return index < len(self._columns) and self._columns[index].ticking

    def _calm(self, batch: int) -> None:
        self._refresh_rows(self._fresh.expire(batch))

    def _painter_now(self) -> Painter:
        width = self.size.width
        if self._painter is None or self._painter.width != width:
            self._strips.clear()
            slots = self._widths.lay_out(width - EDGE - MARGIN)
            self._painter = Painter(
                self._columns, slots, width, self._style, dimmed=self.dimmed, focused=self.has_focus
            )
        return self._painter

    def _style(self, name: str) -> Style:
        plain = self.get_component_rich_style("row--plain")
        return self.get_component_rich_style(f"row--{name}", default=plain)

    def _placeholder_line(self, y: int, width: int) -> Strip:
        style = self.get_visual_style("row--placeholder")
        lines = self._placeholder.wrap(max(1, width - EDGE - MARGIN)) if self._placeholder else []
        segments = lines[y].pad_left(EDGE).render_segments(style) if y < len(lines) else []
        return Strip(segments).adjust_cell_length(width, style.rich_style)


def _content(text: Content | str) -> Content:
    return text if isinstance(text, Content) else Content(text)
