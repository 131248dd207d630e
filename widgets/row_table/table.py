"""The table on which ports, pods, contexts and build variants are drawn.

It holds all rows and draws only those in view. Rows belong to keys: the cursor, the marks and the place of the view
stay with their keys while data comes in, so that nothing moves under the reader's eye.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, TypeAlias

from textual import events
from textual.binding import BindingType
from textual.content import Content

from opsterm.widgets.row_table import messages
from opsterm.widgets.row_table.columns import Widths
from opsterm.widgets.row_table.keys import LIST_KEYS
from opsterm.widgets.row_table.model import Change
from opsterm.widgets.row_table.records import Column, Row
from opsterm.widgets.row_table.view import RowView


class RowTable(RowView, can_focus=True, inherit_bindings=False):
    """A virtual table with a cursor row, marks, a filter and sorting; see `Column`, `Cell` and `Row`.

    All of its calls belong on the event loop, and may come before it is mounted.
    """

    BINDINGS: ClassVar[list[BindingType]] = LIST_KEYS

    Highlighted: TypeAlias = messages.Highlighted
    Opened: TypeAlias = messages.Opened
    MarksChanged: TypeAlias = messages.MarksChanged
    SortChanged: TypeAlias = messages.SortChanged

    def __init__(
        self,
        columns: Sequence[Column] = (),
        *,
        placeholder: Content | str = "",
        name: str | None = None,
        id: str | None = None,  # noqa: A002  Textual's own name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(tuple(columns), placeholder, name=name, id=id, classes=classes)
        self._told: str | None = None  # the cursor's key as last told by Highlighted
        self._opened_by_click = False

    # What is in it

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, drawn or not."""
        return self._columns

    @property
    def total(self) -> int:
        """Number of rows, filtered out or not."""
        return len(self._model.rows)

    @property
    def shown(self) -> int:
        """Number of rows that pass the filter."""
        return len(self._model.shown)

    @property
    def shown_keys(self) -> tuple[str, ...]:
        """Keys of the rows that pass the filter, as they are sorted."""
        return tuple(self._model.shown)

    def row(self, key: str) -> Row | None:
        """The row with this key, filtered out or not."""
        return self._model.rows.get(key)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Put other columns in place; sorting stays where its column is among them."""
        sorted_by = self.sort_column
        self._columns = tuple(columns)
        self._widths = Widths(self._columns)
        self._widths.measure(self._model.rows.values())
        self._chosen = None
        self._model.sort(self._index_of(sorted_by), self._model.sort_reverse)
        self._rearranged()
        self._redraw()

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Make `rows` all that there is, compared with what was there and swapped in one step."""
        first = not self._model.rows
        self._tell(self._change(lambda: self._model.replace(rows), bold=not first))

    def update_rows(self, changed: Iterable[Row], removed: Iterable[str] = ()) -> None:
        """Replace or append the rows `changed`, then drop those with the keys `removed`."""
        self._tell(self._change(lambda: self._model.update(changed, removed), bold=True))

    def filter(self, test: Callable[[Row], bool] | None) -> None:
        """Show only rows that pass `test`, which is asked again when they change; all for None."""
        self._model.filter(test)
        self._rearranged()
        self._tell()

    # Cursor, marks, order

    @property
    def cursor_key(self) -> str | None:
        """Key of the row under the cursor; None where nothing is shown."""
        return self._model.cursor

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor; None where nothing is shown."""
        return None if self._model.cursor is None else self._model.rows[self._model.cursor]

    @property
    def cursor_index(self) -> int:
        """Index of the cursor among the rows shown, from 0."""
        return self._model.index

    @property
    def at_top(self) -> bool:
        """Whether the cursor is on the first row, so that one more key up may leave the table."""
        return self._model.index == 0

    def move_to(self, key: str) -> bool:
        """Put the cursor on the row with this key and bring it into view; False where it is not shown."""
        if key not in self._model.shown:
            return False
        self._move_to_index(self._model.shown.index(key))
        return True

    @property
    def marks(self) -> set[str]:
        """Keys of the marked rows, filtered out or not (a copy)."""
        return set(self._model.marks)

    @property
    def sort_column(self) -> str | None:
        """Key of the column by which the table is sorted; None for the order in which rows came."""
        index = self._model.sort_column
        return None if index is None else self._columns[index].key

    @property
    def sort_reverse(self) -> bool:
        """Whether the largest comes first."""
        return self._model.sort_reverse

    def sort_by(self, column_key: str | None, reverse: bool | None = None) -> None:
        """Sort by this column (None: order of arrival). Without `reverse`, the same column again turns it around.

        Raises KeyError for a column that is not there.
        """
        index = self._index_of(column_key)
        if index is None and column_key is not None:
            raise KeyError(column_key)
        if reverse is None:
            reverse = index is not None and index == self._model.sort_column and not self._model.sort_reverse
        self._model.sort(index, reverse)
        self._rearranged()
        self.post_message(self.SortChanged(self, column_key, reverse))
        self._tell()

    # To take away

    def copy_text(self) -> str:
        """The marked rows, else the row under the cursor, as tab-separated lines; empty where there is none."""
        model = self._model
        keys = [key for key in model.shown if key in model.marks]
        hidden = model.marks.difference(keys)
        keys += [key for key in model.rows if key in hidden]
        if not keys and model.cursor is not None:
            keys = [model.cursor]
        return "\n".join("\t".join(model.rows[key].texts()) for key in keys)

    def text(self, all: bool = False) -> str:  # noqa: A002  reads as it is meant at the call
        """`copy_text()`; with `all`, the titles and every row shown, as tab-separated lines."""
        if not all:
            return self.copy_text()
        lines = [[column.title for column in self._columns]]
        lines += [self._model.rows[key].texts() for key in self._model.shown]
        return "\n".join("\t".join(line) for line in lines)

    # Keys and mouse

    def action_move(self, rows: int) -> None:
        """Move the cursor down by `rows`, up where negative."""
        self._move_to_index(self._model.index + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is in view."""
        self._move_to_index(self._model.index + pages * self._page)

    def action_first(self) -> None:
        """Move the cursor to the first row."""
        self._move_to_index(0)

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self._move_to_index(len(self._model.shown) - 1)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self._model.cursor is not None:
            self.post_message(self.Opened(self, self._model.cursor))

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and move down."""
        if self._model.cursor is not None:
            self._model.toggle_mark(self._model.cursor)
            self._marked()
            self.action_move(1)

    def action_mark_range(self) -> None:
        """Mark all rows from the last mark to the cursor."""
        if self._model.cursor is not None:
            self._model.mark_range()
            self._marked()

    def action_clear_marks(self) -> None:
        """Take every mark away."""
        if self._model.marks:
            self._model.clear_marks()
            self._marked()

    def action_choose(self, step: int) -> None:
        """Choose the next drawn column to the right, to the left for -1; it is the one that `O` sorts by."""
        drawn = [slot.index for slot in self._painter_now().slots]
        start = self._chosen if self._chosen in drawn else self._model.sort_column
        if start in drawn:
            place = max(0, min(drawn.index(start) + step, len(drawn) - 1))
        else:
            place = 0 if step > 0 else len(drawn) - 1
        self._chosen = drawn[place] if drawn else None
        self.refresh()

    def action_sort(self) -> None:
        """Sort by the chosen column; without one, turn the order around or sort by the first column."""
        index = self._chosen if self._chosen is not None else self._model.sort_column or 0
        if self._columns:
            self.sort_by(self._columns[index].key)

    def on_click(self, event: events.Click) -> None:
        """Titles sort; a row gets the cursor, and the row that has it, or a second click, opens."""
        offset = event.get_content_offset(self)
        if offset is None or event.button != 1:
            return
        event.stop()
        if offset.y == 0 and self._model.rows:
            column = self._painter_now().column_at(offset.x)
            if column is not None:
                self.sort_by(self._columns[column].key)
            return
        index = self.scroll_offset.y + offset.y - 1
        if index >= len(self._model.shown):
            return
        on_cursor = index == self._model.index
        self._move_to_index(index)
        opened_already = event.chain > 1 and self._opened_by_click
        self._opened_by_click = on_cursor or event.chain > 1
        if self._opened_by_click and not opened_already:
            self.action_open()

    def on_resize(self) -> None:
        """Keep the cursor in view in the new size."""
        self._reveal()

    def _move_to_index(self, index: int) -> None:
        before = self._model.cursor
        self._model.move_to_index(index)
        self._reveal()
        self._refresh_rows({key for key in (before, self._model.cursor) if key is not None})
        self._tell()

    def _marked(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged(self, frozenset(self._model.marks)))

    def _tell(self, change: Change | None = None) -> None:
        if change is not None and change.unmarked:
            self._marked()
        if self._told != self._model.cursor:
            self._told = self._model.cursor
            self.post_message(self.Highlighted(self, self._told))

    def _index_of(self, column_key: str | None) -> int | None:
        return next((index for index, column in enumerate(self._columns) if column.key == column_key), None)
