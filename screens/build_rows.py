"""A variant as a row of the table."""

from __future__ import annotations

from opsterm.services.docker.results import PHASES, Phase, Result
from opsterm.services.docker.service import BuildService
from opsterm.services.docker.variants import Variant
from opsterm.services.docker.verdict import change, is_noise
from opsterm.widgets.row_table import Cell, Column, Row
from opsterm.widgets.words import size

COLUMNS = (
    Column("name", "VARIANT", priority=0, min_width=14, max_width=36),
    Column("touched", "TOUCHED", align="right", priority=1, min_width=9),
    Column("cold", "COLD", align="right", priority=2, min_width=9),
    Column("warm", "WARM", align="right", priority=5, min_width=8),
    Column("size", "SIZE", align="right", priority=3, min_width=9),
    Column("faster", "Δ TOUCHED", align="right", priority=4, min_width=13),
    Column("smaller", "Δ SIZE", align="right", priority=6, min_width=10),
    Column("base", "BASE", priority=7, flexible=True),
)


def row_of(variant: Variant, service: BuildService) -> Row:
    """The row of `variant` as things are now."""
    result = service.results.get(variant.name)
    first = service.results.get(service.variants[0].name) if service.variants else None
    progress = service.progress
    running = progress.phase if progress and progress.variant == variant.name else None
    if error := (result.error if result else variant.error):
        cells: tuple[Cell | str, ...] = (
            variant.name,
            *(_seconds(result, phase, running) for phase in ("touched", "cold", "warm")),
            "",
            Cell("✖ failed", "error"),
            "",
            Cell(f"{error.reason}", "error"),
        )
        return Row(variant.name, cells)
    base = ", ".join(dict.fromkeys(variant.parsed.bases)) if variant.parsed else ""
    return Row(
        variant.name,
        (
            variant.name,
            *(_seconds(result, phase, running) for phase in ("touched", "cold", "warm")),
            Cell(size(result.size), sort=result.size) if result and result.size else Cell("–", "muted"),
            _faster(result, first),
            _smaller(result, first),
            Cell(base, "muted"),
        ),
    )


def _seconds(result: Result | None, phase: str, running: Phase | None) -> Cell:
    if running == phase:
        return Cell("◐ building", "accent")
    seconds = result.median(_phase(phase)) if result else None
    return Cell("–", "muted") if seconds is None else Cell(f"{seconds:.2f} s", sort=seconds)


def _phase(name: str) -> Phase:
    return next(each for each in PHASES if each == name)


def _faster(result: Result | None, first: Result | None) -> Cell:
    if result is None or first is None:
        return Cell("–", "muted")
    if result is first:
        return Cell("baseline", "muted")
    ours, theirs = result.median("touched"), first.median("touched")
    if not ours or not theirs:
        return Cell("–", "muted")
    if is_noise(ours, theirs):
        return Cell("≈", "muted", 1.0)
    return Cell(change(ours, theirs), "success" if ours < theirs else "warning", theirs / ours)


def _smaller(result: Result | None, first: Result | None) -> Cell:
    if result is None or first is None or result is first or not result.size or not first.size:
        return Cell("", "muted")
    less = result.size - first.size
    if abs(less) < first.size / 1000:  # the names in the image's own configuration make that much
        return Cell("≈", "muted", 0)
    return Cell(f"{'−' if less < 0 else '+'}{size(abs(less))}", "success" if less < 0 else "warning", less)
