"""What a `RowTable` tells its screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from opsterm.widgets.row_table.table import RowTable


class TableMessage(Message):
    """Something happened in `table`."""

    def __init__(self, table: RowTable) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> RowTable:
        """The table, for the selector of `@on`."""
        return self.table


class Highlighted(TableMessage, namespace="row_table"):
    """The cursor is on another row: `key`, or None where nothing is shown."""

    def __init__(self, table: RowTable, key: str | None) -> None:
        super().__init__(table)
        self.key = key


class Opened(TableMessage, namespace="row_table"):
    """The row `key` was opened, by enter or by the mouse."""

    def __init__(self, table: RowTable, key: str) -> None:
        super().__init__(table)
        self.key = key


class MarksChanged(TableMessage, namespace="row_table"):
    """Rows were marked or unmarked, or vanished with their mark; `marks` are the keys of those now marked."""

    def __init__(self, table: RowTable, marks: frozenset[str]) -> None:
        super().__init__(table)
        self.marks = marks


class SortChanged(TableMessage, namespace="row_table"):
    """The table is sorted by another column, or the other way; `column` is None for the order of arrival."""

    def __init__(self, table: RowTable, column: str | None, reverse: bool) -> None:
        super().__init__(table)
        self.column = column
        self.reverse = reverse
