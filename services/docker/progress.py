"""From BuildKit's records to events: which steps there are, when each began and ended, and what it printed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from opsterm.services.docker.dockerfile import Dockerfile
from opsterm.services.docker.events import Kind, Step, StepDone, StepLog, StepStarted, Told
from opsterm.services.docker.output import Cutter
from opsterm.services.docker.trace import Output, Update, Vertex
from opsterm.services.text import clean

_STEP = re.compile(r"\[(?:(?P<stage>[^\]]*?) )?(?P<number>\d+)/\d+\] (?P<word>\S+)")
_METADATA = "[internal] load metadata for "


@dataclass(slots=True)
class _Known:
    """A vertex so far. It may start and end several times, with other times; each pair is work."""

    step: Step
    spans: dict[float, float] = field(default_factory=dict)
    started: bool = False
    done: bool = False
    cached: bool = False


class StepTracker:
    """Folds the records of one build into events for `told`; `source` names the variant in the log lines."""

    def __init__(self, parsed: Dockerfile, source: str, told: Told) -> None:
        self._parsed = parsed
        self._source = source
        self._told = told
        self._known: dict[str, _Known] = {}
        self._cutters: dict[tuple[str, int], Cutter] = {}
        self.failed: StepDone | None = None
        """The first step that ended with an error."""

    def update(self, update: Update) -> None:
        """Take one record."""
        for vertex in update.vertexes:
            self._vertex(vertex)
        for output in update.outputs:
            self._output(output)

    def finish(self, built: bool) -> None:
        """The build has ended. Where an image was `built`, steps that were never needed came from the cache."""
        for digest, known in self._known.items():
            self._flush(digest)
            if built and known.step.kind is Kind.STEP and not known.done:
                known.done = True
                self._told(StepDone(known.step, True, 0.0))

    def _vertex(self, vertex: Vertex) -> None:
        known = self._known.get(vertex.digest)
        if known is None:
            known = self._known[vertex.digest] = _Known(self._step(vertex))
        if vertex.started is None:
            return
        if not known.started:
            known.started = True
            self._told(StepStarted(known.step))
        if vertex.completed is None:
            return
        self._flush(vertex.digest)
        known.spans[vertex.started] = vertex.completed
        known.done = True
        known.cached = vertex.cached
        seconds = sum(max(0.0, end - start) for start, end in known.spans.items())
        done = StepDone(known.step, known.cached, seconds, clean(vertex.error), min(known.spans))
        if vertex.error and self.failed is None:
            self.failed = done
        self._told(done)

    def _output(self, output: Output) -> None:
        known = self._known.get(output.digest)
        if known is None:
            return
        key = output.digest, output.stream
        cutter = self._cutters.get(key)
        if cutter is None:
            cutter = self._cutters[key] = Cutter(f"{self._source}/{known.step.label or known.step.kind.value}")
        lines = cutter.feed(output.data)
        if lines:
            self._told(StepLog(known.step, tuple(lines)))

    def _flush(self, digest: str) -> None:
        for stream in (1, 2):
            cutter = self._cutters.get((digest, stream))
            lines = cutter.end() if cutter else []
            if lines:
                self._told(StepLog(self._known[digest].step, tuple(lines)))

    def _step(self, vertex: Vertex) -> Step:
        found = _STEP.match(vertex.name)
        if found:
            # Builds for several platforms put the platform in front of the stage's name.
            stage = (found["stage"] or "").rpartition(" ")[2]
            number = int(found["number"])
            kind = Kind.BASE if found["word"] == "FROM" else Kind.STEP
            one = self._parsed.step(stage, number)
            line = one.line if one and one.word == found["word"] else 0
            name = vertex.name[vertex.name.index("]") + 2 :]
            return Step(vertex.digest, kind, clean(name), clean(f"{stage} {number}".strip()), line)
        if vertex.name.startswith(("exporting", "writing", "importing to docker")):
            kind = Kind.EXPORT
        else:
            kind = Kind.BASE if vertex.name.startswith(_METADATA) else Kind.CONTEXT
        return Step(vertex.digest, kind, clean(vertex.name.removeprefix("[internal] ")))
