"""The results of a comparison, and the JSON in which they are kept."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from opsterm.services.docker.errors import DockerError
from opsterm.services.docker.events import Kind, StepDone

Phase = Literal["cold", "warm", "touched"]
PHASES: tuple[Phase, ...] = ("cold", "warm", "touched")
"""Built without the cache, again without a change, and again after one source file changed."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One phase of one variant: wall seconds of each repetition, and the steps of the last one as they began."""

    seconds: tuple[float, ...]
    done: tuple[StepDone, ...] = ()

    @property
    def median(self) -> float:
        """The seconds that stand for the phase."""
        return statistics.median(self.seconds)

    @property
    def counted(self) -> tuple[StepDone, ...]:
        """The steps that say something about the cache: instructions that make a layer, no base image."""
        return tuple(one for one in self.done if one.step.kind is Kind.STEP)

    @property
    def steps(self) -> int:
        """How many steps there were."""
        return len(self.counted)

    @property
    def cached_steps(self) -> int:
        """How many of them came from the cache."""
        return sum(one.cached for one in self.counted)


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of a variant. `size` is bytes as the engine tells them, None while there is no image."""

    name: str
    dockerfile: str
    size: int | None = None
    measures: Mapping[Phase, Measure] = field(default_factory=dict)
    error: DockerError | None = None

    def median(self, phase: Phase) -> float | None:
        """Seconds of a phase, None where it was not measured."""
        measure = self.measures.get(phase)
        return measure.median if measure else None


class PhaseRecord(msgspec.Struct, frozen=True):
    """A phase in JSON; `seconds` has one entry for each repetition."""

    seconds: tuple[float, ...]
    cached_steps: int
    steps: int


class VariantRecord(msgspec.Struct, frozen=True):
    """A variant in JSON; `error` is one line, null where every phase was measured."""

    name: str
    dockerfile: str
    size_bytes: int | None
    phases: dict[Phase, PhaseRecord]
    error: str | None


class Report(msgspec.Struct, frozen=True):
    """A comparison in JSON."""

    version: Literal[1]
    variants: tuple[VariantRecord, ...]


def encode(results: Iterable[Result]) -> bytes:
    """The results as indented JSON."""
    report = Report(1, tuple(_variant(result) for result in results))
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def decode(raw: bytes) -> Report:
    """Read what `encode` wrote. Raises msgspec.ValidationError for anything else."""
    return msgspec.json.decode(raw, type=Report)


def _variant(result: Result) -> VariantRecord:
    phases = {
        phase: PhaseRecord(tuple(round(one, 3) for one in measure.seconds), measure.cached_steps, measure.steps)
        for phase, measure in result.measures.items()
    }
    return VariantRecord(
        result.name, result.dockerfile, result.size, phases, str(result.error) if result.error else None
    )
