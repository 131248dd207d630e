"""A screen with one table, for the tests of `RowTable`."""

from __future__ import annotations

from textual import on
from textual.app import App, ComposeResult
from textual.widgets import Input

from opsterm.widgets.row_table import Cell, Column, Row, RowTable
from opsterm.widgets.row_table.messages import Highlighted, MarksChanged, Opened, SortChanged

COLUMNS = (
    Column("name", "NAME", flexible=True, min_width=12),
    Column("ready", "READY", priority=2),
    Column("status", "STATUS", priority=1),
    Column("restarts", "RESTARTS", "right", priority=3),
    Column("age", "AGE", "right", priority=4, ticking=True),
    Column("node", "NODE", priority=7),
)


def pod(key: str, age: int = 14, status: Cell | str = "Running", restarts: int = 0) -> Row:
    """A row as the pods screen makes it."""
    return Row(key, (key, "2/2", status, Cell(str(restarts), sort=restarts), Cell(f"{age}m", sort=age), "node-a"))


def pods(count: int, start: int = 0) -> list[Row]:
    """Rows `pod-000`, `pod-001` and so on, each a minute older than the one before."""
    return [pod(f"pod-{number:03}", number) for number in range(start, start + count)]


class TableApp(App[None]):
    """Holds one table and notes what it says, as strings: `highlighted pod-001`, `sort age ↓`."""

    def __init__(self, rows: list[Row], columns: tuple[Column, ...] = COLUMNS) -> None:
        super().__init__()
        self.table = RowTable(columns)
        self.table.set_rows(rows)
        self.said: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.table
        yield Input(compact=True)

    def on_mount(self) -> None:
        self.table.focus()

    @on(RowTable.Highlighted)
    def note_highlighted(self, message: Highlighted) -> None:
        self.said.append(f"highlighted {message.key}")

    @on(RowTable.Opened)
    def note_opened(self, message: Opened) -> None:
        self.said.append(f"opened {message.key}")

    @on(RowTable.MarksChanged)
    def note_marks(self, message: MarksChanged) -> None:
        self.said.append("marks " + " ".join(sorted(message.marks)))

    @on(RowTable.SortChanged)
    def note_sort(self, message: SortChanged) -> None:
        self.said.append(f"sort {message.column} {'↓' if message.reverse else '↑'}")

    def lines(self) -> list[str]:
        """What the table shows, line by line, without the blanks at the end of each."""
        return [self.table.render_line(y).text.rstrip() for y in range(self.table.size.height)]
