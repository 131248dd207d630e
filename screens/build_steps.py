"""The steps of a build under one another: built, from the cache, or failed, with their seconds as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from opsterm.services.docker.events import Kind, StepDone, StepStarted
from opsterm.services.docker.figures import seconds
from opsterm.services.docker.results import PHASES
from opsterm.services.docker.service import BuildService
from opsterm.services.docker.variants import Variant

_REMARK_ROOM = 20  # cells of a bar from which there is room for words behind it
_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True)
class Shown:
    """The build that is shown: what it is, its steps, and what went wrong with its variant."""

    title: str = ""
    steps: tuple[StepStarted | StepDone, ...] = ()
    error: str = ""


def steps_of(variant: Variant | None, service: BuildService) -> Shown:
    """The build that runs; while none does, the last measured phase of `variant`."""
    progress = service.progress
    if progress and progress.phase:
        title = f"{progress.variant}, {progress.phase}, build {progress.done + 1} of {progress.total}"
        return Shown(title, service.steps)
    if variant is None:
        return Shown()
    result = service.results.get(variant.name)
    if result is None:
        return Shown(f"{variant.name}, not measured", error=str(variant.error or ""))
    phase = next((each for each in reversed(PHASES) if each in result.measures), None)
    error = str(result.error or "")
    if phase is None:
        return Shown(f"{variant.name}, not measured", error=error)
    measure = result.measures[phase]
    title = (
        f"{variant.name}, {phase}, {seconds(measure.median)}, {measure.cached_steps} of {measure.steps} steps cached"
    )
    return Shown(title, measure.done, error)


class StepsView(VerticalScroll):
    """A few dozen rows at most, so one text does."""

    DEFAULT_CSS = """
    StepsView { padding: 0 1; scrollbar-size-vertical: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = Static()
        self._shown: tuple[Shown, int] = (Shown(), -1)

    def compose(self) -> list[Static]:
        """The text."""
        return [self._text]

    def show(self, build: Shown) -> None:
        """Show this build; the same again costs nothing."""
        width = self.scrollable_content_region.width
        if (build, width) != self._shown:
            self._shown = (build, width)
            self._text.update(Content("\n").join(_rows(build, width)))


def _rows(build: Shown, width: int) -> Sequence[Content]:
    if not build.title:
        return [Content.styled("The steps of a build appear here.", "$foreground-muted")]
    rows = [Content.styled(build.title, "$foreground-muted")]
    longest = max((each.seconds for each in build.steps if isinstance(each, StepDone)), default=0.0)
    name_width = max(16, min(44, width // 2))
    bar_width = max(0, width - name_width - 13)
    missed = False
    for step in build.steps:
        miss = not missed and isinstance(step, StepDone) and _is_miss(step)
        missed |= miss
        rows.append(_row(step, name_width, bar_width, longest, first_miss=miss))
    if build.error:
        rows.append(Content.assemble(("✖ ", "$error"), build.error))
    return rows


def _is_miss(done: StepDone) -> bool:
    return done.step.kind is Kind.STEP and not done.cached


def _row(
    event: StepStarted | StepDone, name_width: int, bar_width: int, longest: float, *, first_miss: bool
) -> Content:
    name = event.step.name
    name = name if len(name) <= name_width else name[: name_width - 1] + "…"
    if isinstance(event, StepStarted):
        return Content.assemble(("◐ ", "$accent"), (name, "bold"))
    if event.error:
        return Content.assemble(("✖ ", "$error"), (name.ljust(name_width), ""), (f"  {event.error}", "$error"))
    if event.cached:
        return Content.assemble(
            ("✓ ", "$foreground-muted"),
            (f"{name.ljust(name_width)}{'cached':>9}  ", "$foreground-muted"),
            ("░", "$foreground-disabled"),
        )
    remark = "  ▸ first miss" if first_miss and bar_width > _REMARK_ROOM else ""
    return Content.assemble(
        ("✓ ", "$success"),
        f"{name.ljust(name_width)}{seconds(event.seconds):>9}  ",
        (_bar(event.seconds, longest, bar_width - len(remark)), "$primary"),
        (remark, "$foreground-muted"),
    )


def _bar(length: float, longest: float, width: int) -> str:
    """A bar of at most `width` cells, in eighths."""
    eighths = round(length / longest * max(0, width) * 8) if longest else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
