"""A variant as a row of the table: before anything is measured its Dockerfile, afterwards its figures."""

from __future__ import annotations

import time

from opsterm.services.docker.comparison import Progress
from opsterm.services.docker.errors import DockerError
from opsterm.services.docker.figures import NONE, faster, seconds, size, smaller
from opsterm.services.docker.results import PHASES, Phase, Result
from opsterm.services.docker.service import BuildService
from opsterm.services.docker.variants import Variant
from opsterm.widgets.row_table import Cell, Column, Row

_NAME = Column("name", "VARIANT", priority=0, min_width=24, max_width=36, flexible=True)
IDLE = (
    _NAME,
    Column("lines", "LINES", align="right", priority=3, min_width=5),
    Column("base", "BASE", priority=1, min_width=12, flexible=True),
    *(Column(phase, phase.upper(), align="right", priority=2, min_width=9) for phase in PHASES),
)
"""The columns while nothing is measured."""
MEASURED = (
    _NAME,
    Column("touched", "TOUCHED", align="right", priority=1, min_width=9),
    Column("cold", "COLD", align="right", priority=2, min_width=9),
    Column("warm", "WARM", align="right", priority=5, min_width=8),
    Column("size", "SIZE", align="right", priority=3, min_width=9),
    Column("faster", "Δ TOUCHED", align="right", priority=4, min_width=13),
    Column("smaller", "Δ SIZE", align="right", priority=6, min_width=10),
    Column("base", "BASE", priority=7, min_width=11, flexible=True),
)
"""The columns as soon as something is."""

_SHOWN: tuple[Phase, ...] = ("touched", "cold", "warm")
_NOTHING = Cell(NONE, "muted")


def columns_for(service: BuildService) -> tuple[Column, ...]:
    """The columns that suit what is known."""
    return MEASURED if service.results or service.running else IDLE


def error_of(variant: Variant, service: BuildService) -> DockerError | None:
    """Why `variant` failed, or cannot be built at all."""
    result = service.results.get(variant.name)
    return result.error if result else variant.error


def row_of(variant: Variant, service: BuildService) -> Row:
    """The row of `variant` as things are now."""
    if columns_for(service) is IDLE:
        return _found(variant)
    result = service.results.get(variant.name)
    first = service.results.get(service.variants[0].name)
    progress = service.progress
    running = progress if progress and progress.variant == variant.name else None
    error = error_of(variant, service)
    return Row(
        variant.name,
        (
            variant.name,
            *(_time(result, phase, running) for phase in _SHOWN),
            Cell(size(result.size), sort=result.size) if result and result.size else _NOTHING,
            Cell("✖ failed", "error") if error else _faster(result, first),
            Cell("") if error else _smaller(result, first),
            Cell(error.reason, "error") if error else _base(variant),
        ),
    )


def _found(variant: Variant) -> Row:
    lines = Cell(str(variant.parsed.lines), sort=variant.parsed.lines) if variant.parsed else _NOTHING
    base = Cell(f"✖ {variant.error}", "error") if variant.error else _base(variant)
    return Row(variant.name, (variant.name, lines, base, *(_NOTHING for _ in PHASES)))


def _base(variant: Variant) -> Cell:
    return Cell(", ".join(dict.fromkeys(variant.parsed.bases)) if variant.parsed else "", "muted")


def _time(result: Result | None, phase: Phase, running: Progress | None) -> Cell:
    if running and running.phase == phase:
        return Cell(f"◐ {time.monotonic() - running.began:.1f} s", "accent")
    median = result.median(phase) if result else None
    return _NOTHING if median is None else Cell(seconds(median), sort=median)


def _faster(result: Result | None, first: Result | None) -> Cell:
    if result is None:
        return _NOTHING
    if result is first:
        return Cell("baseline", "muted")
    ours, theirs = result.median("touched"), first.median("touched") if first else None
    text = faster(ours, theirs)
    if not text or not ours or not theirs:
        return _NOTHING
    return Cell(text, _role(text, better=ours < theirs), theirs / ours)


def _smaller(result: Result | None, first: Result | None) -> Cell:
    if result is None or first is None or result is first:
        return Cell("")
    text = smaller(result.size, first.size)
    if not text or result.size is None or first.size is None:
        return _NOTHING
    less = result.size - first.size
    return Cell(text, _role(text, better=less < 0), less)


def _role(text: str, *, better: bool) -> str:
    """The role of a difference: none at all is muted."""
    if text in ("≈", "same size"):
        return "muted"
    return "success" if better else "warning"
