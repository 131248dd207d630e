"""`RowTable`: the table on which rows that belong to keys are drawn.

`records` are what it is given; `columns` and `model` are widths, order, filter and marks without a screen; `paint`,
`fresh` and `view` draw; `keys`, `messages` and `table` are what a user and a screen deal with.
"""

from opsterm.widgets.row_table.records import Cell, Column, Row
from opsterm.widgets.row_table.table import RowTable

__all__ = ["Cell", "Column", "Row", "RowTable"]
