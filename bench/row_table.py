"""The table of rows: filling it, changing one cell and sorting it, against Textual's DataTable.

5,000 rows of 8 columns on a screen of 140×50; each step until the screen has settled. Times are those of the
processor, because waiting for the screen to settle includes sleeping.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import DataTable

from bench.harness import Result
from opsterm.widgets.row_table import Cell, Column, Row, RowTable

ROWS = 5_000
COLUMNS = 8
ROUNDS = 5
KEYS = [f"web-{number:05}" for number in range(ROWS)]

Step = Callable[[int], object]


class Ours(App[None]):
    """A `RowTable` alone on the screen."""

    def compose(self) -> ComposeResult:
        """Make the table."""
        yield RowTable([Column(f"c{index}", f"COLUMN {index}") for index in range(COLUMNS)])

    def steps(self) -> dict[str, Step]:
        """What is measured, by name; each gets the number of the round."""
        table = self.query_one(RowTable)
        data = cells()
        rows = [
            Row(key, (key, *(Cell(str(value), sort=value) for value in values)))
            for key, values in zip(KEYS, data, strict=True)
        ]

        def fill(_: int) -> None:
            table.set_rows([])
            table.set_rows([Row(row.key, row.cells) for row in rows])

        def change(number: int) -> None:
            table.update_rows([Row(KEYS[3], (KEYS[3], Cell(f"new {number}", "error"), *rows[3].cells[2:]))])

        def sort(number: int) -> None:
            table.sort_by(f"c{2 + number % 4}", reverse=False)

        return {"fill": fill, "one cell": change, "sort": sort}


class Theirs(App[None]):
    """A `DataTable` alone on the screen."""

    def compose(self) -> ComposeResult:
        """Make the table."""
        yield DataTable[object](cursor_type="row")

    def steps(self) -> dict[str, Step]:
        """What is measured, by name; each gets the number of the round."""
        table: DataTable[object] = self.query_one(DataTable)
        data = cells()

        def fill(_: int) -> None:
            table.clear(columns=True)
            for index in range(COLUMNS):
                table.add_column(f"COLUMN {index}", key=f"c{index}")
            for key, values in zip(KEYS, data, strict=True):
                table.add_row(key, *values, key=key)

        def change(number: int) -> None:
            table.update_cell(KEYS[3], "c1", number)

        def sort(number: int) -> None:
            table.sort(f"c{2 + number % 4}")

        return {"fill": fill, "one cell": change, "sort": sort}


def cells() -> list[list[int]]:
    """The figures of all rows but their names, the same at each call."""
    chance = random.Random(1)
    return [[chance.randrange(100_000) for _ in range(COLUMNS - 1)] for _ in range(ROWS)]


async def measure(app: Ours | Theirs) -> dict[str, float]:
    """Milliseconds of processor time of each step, the median of all rounds."""
    async with app.run_test(size=(140, 50)) as pilot:
        return {name: await timed(pilot, step) for name, step in app.steps().items()}


async def timed(pilot: Pilot[None], step: Step) -> float:
    """Milliseconds of one step until the screen has settled, the median of all rounds but the first."""
    took = []
    for number in range(ROUNDS + 1):
        await settled(pilot.pause)
        start = time.process_time()
        step(number)
        await settled(pilot.pause)
        took.append((time.process_time() - start) * 1000)
    return median(took[1:])


async def settled(pause: Callable[[], Awaitable[None]]) -> None:
    """Let what was posted be handled, and what that posted."""
    await pause()
    await pause()


def main() -> Result:
    """Compare the three steps together; each of them goes to stderr."""
    theirs = asyncio.run(measure(Theirs()))
    ours = asyncio.run(measure(Ours()))
    for name, took in ours.items():
        print(
            f"  {name}: {theirs[name] / took:.1f}× (ours {took:.1f}, DataTable {theirs[name]:.1f} ms)",
            file=sys.stderr,
        )
    return Result(
        "table of 5,000 rows × 8: fill, change a cell, sort",
        sum(ours.values()),
        sum(theirs.values()),
        "ms",
        "DataTable",
        better="lower",
    )
