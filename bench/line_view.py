"""Lines a second of processor time into `LineView`, against the fastest way into Textual's own `Log`.

Both get 100,000 lines of about 75 characters, made beforehand, in batches of 500, in a headless app of the same size,
following the end, and give the loop a turn after each batch, as a reader of a device would. Counted is
processor time, threads included, until the last line stands on the screen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.widget import Widget
from textual.widgets import Log

from bench.harness import Result
from opsterm.services.lines import Line, Ring
from opsterm.widgets.line_view import LineView
from tests.waiting import until

LINES = 100_000
BATCH = 500
T = TypeVar("T")
TEXTS = [f"line {number} of what a device writes all day: temperature 21.5 humidity 48" for number in range(LINES)]


class BenchApp(App[None]):
    """Shows one widget."""

    def __init__(self, pane: Widget) -> None:
        super().__init__()
        self.pane = pane

    def compose(self) -> ComposeResult:
        """The widget alone."""
        yield self.pane


async def measure(pane: Widget, write: Callable[[Sequence[T]], object], lines: Sequence[T]) -> float:
    """Lines a second of processor time through `write` until the last one is on the screen."""
    app = BenchApp(pane)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        started = time.process_time()
        for start in range(0, LINES, BATCH):
            write(lines[start : start + BATCH])
            await asyncio.sleep(0)
        await until(lambda: any(TEXTS[-1] in strip.text for strip in app.screen._compositor.render_strips()[-2:]))
        return LINES / (time.process_time() - started)


def main() -> Result:
    """Measure both in turn, three times, and compare the best of each."""
    ours, theirs = [], []
    for _ in range(3):
        ring, log = Ring(), Log()
        lines = [Line(text.encode(), text, time.time_ns(), time.time_ns()) for text in TEXTS]
        ours.append(asyncio.run(measure(LineView(ring), ring.extend, lines)))
        theirs.append(asyncio.run(measure(log, log.write_lines, TEXTS)))
    return Result("lines a second into the line pane", max(ours), max(theirs), "lines/s", "Log.write_lines")
