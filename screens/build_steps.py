"""The steps of a build under one another: built, from the cache, or failed, with their seconds as bars."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from opsterm.services.docker.events import StepDone, StepStarted

_EIGHTHS = " ▏▎▍▌▋▊▉"


class StepsView(VerticalScroll):
    """A few dozen rows at most, so one text does."""

    DEFAULT_CSS = """
    StepsView { padding: 0 1; scrollbar-size-vertical: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = Static()
        self._shown: tuple[tuple[StepStarted | StepDone, ...], int] = ((), -1)

    def compose(self) -> list[Static]:
        """The text."""
        return [self._text]

    def show(self, steps: Sequence[StepStarted | StepDone]) -> None:
        """Show these steps; the same again costs nothing."""
        width = self.size.width
        if (tuple(steps), width) == self._shown:
            return
        self._shown = (tuple(steps), width)
        if not steps:
            self._text.update(Content.styled("The steps of a build appear here.", "$foreground-muted"))
            return
        longest = max((each.seconds for each in steps if isinstance(each, StepDone)), default=0.0)
        name_width = max(16, min(44, width // 2))
        bar_width = max(0, width - name_width - 24)
        self._text.update(Content("\n").join([_row(each, name_width, bar_width, longest) for each in steps]))


def _row(event: StepStarted | StepDone, name_width: int, bar_width: int, longest: float) -> Content:
    name = event.step.name
    name = name if len(name) <= name_width else name[: name_width - 1] + "…"
    if isinstance(event, StepStarted):
        return Content.assemble(("◐ ", "$accent"), (name, "bold"))
    if event.error:
        return Content.assemble(("✖ ", "$error"), (name.ljust(name_width), ""), (f"  {event.error}", "$error"))
    figure = "cached".rjust(9) if event.cached else f"{event.seconds:.2f} s".rjust(9)
    bar = "░" if event.cached else _bar(event.seconds, longest, bar_width)
    return Content.assemble(
        ("✓ ", "$success" if not event.cached else "$foreground-muted"),
        (name.ljust(name_width), "" if not event.cached else "$foreground-muted"),
        (figure + "  ", "$foreground-muted" if event.cached else ""),
        (bar, "$foreground-disabled" if event.cached else "$primary"),
    )


def _bar(seconds: float, longest: float, width: int) -> str:
    eighths = round(seconds / longest * width * 8) if longest else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
