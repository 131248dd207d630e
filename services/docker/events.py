"""What a build reports while it runs: the one model that every engine is translated to.

Events come from the engine's own progress records, never from what a RUN prints: output is only ever the content
of a `StepLog`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from opsterm.services.docker.context import Context
from opsterm.services.docker.dockerfile import Dockerfile
from opsterm.services.lines import Line


class Kind(Enum):
    """What a part of a build is for."""

    CONTEXT = "context"
    """Sending the files and reading the Dockerfile."""
    BASE = "base"
    """Finding and loading a base image; whether it counts as cached varies, so it is never counted."""
    STEP = "step"
    """An instruction of the Dockerfile that makes a layer."""
    EXPORT = "export"
    """Writing the image."""


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a build. `line` is that of its instruction, 0 where there is none; `label` is `2` or `build 2`."""

    key: str
    kind: Kind
    name: str
    label: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The engine began a step."""

    step: Step


@dataclass(frozen=True, slots=True)
class StepLog:
    """Output of a step, line by line."""

    step: Step
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step has ended: from the cache, or after `seconds` of work. May come again for a step that went on.

    `began` is seconds since the epoch by the engine's clock, 0 where that is not known.
    """

    step: Step
    cached: bool
    seconds: float
    error: str = ""
    began: float = field(default=0.0, compare=False)


Event = StepStarted | StepLog | StepDone
Told = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Job:
    """One build to do. `work` is a folder that holds the Dockerfile, and what the builder writes."""

    variant: str
    phase: str
    parsed: Dockerfile
    context: Context
    work: Path
    no_cache: bool
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def dockerfile(self) -> Path:
        """Where the Dockerfile is, under the one name that all variants have."""
        return self.work / "Dockerfile"


@dataclass(frozen=True, slots=True)
class Built:
    """What a build gave: the image and the wall time in seconds, as somebody waits who runs `docker build`."""

    image: str
    seconds: float
