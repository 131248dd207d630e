"""The records of traces, whoever they came from: a program that reports here, or a Sentry organisation.

Times are seconds since the epoch. All text is safe to show; `trace_id` and `span_id` are the hexadecimal words of the
protocol. Records are never changed once they are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OK = ("", "ok", "unset", "cancelled")
"""Statuses of a span that are no failure; an empty one was not told."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of work: what was done (`op`, such as `db` or `http.client`), and on what (`description`).

    `data` has what else was told of it, such as `db.system`, as text.
    """

    span_id: str
    parent_id: str
    op: str
    description: str
    start: float
    end: float
    status: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it took; never negative."""
        return max(0.0, self.end - self.start)

    @property
    def failed(self) -> bool:
        """Whether it ended badly."""
        return self.status not in OK


@dataclass(frozen=True, slots=True)
class Transaction:
    """One answer to a request, one job: its own span (`root`) and all that it did (`spans`, in no order, without it).

    `seq` numbers them as they arrived; `size` is what it takes in memory, in bytes, estimated.
    """

    name: str
    trace_id: str
    root: Span
    spans: tuple[Span, ...] = ()
    release: str = ""
    environment: str = ""
    sdk: str = ""
    """What reported it, such as `sentry.python.flask 2.75.0`."""
    seq: int = -1
    size: int = 0

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.root.seconds

    @property
    def failed(self) -> bool:
        """Whether it ended badly."""
        return self.root.failed


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a stack trace, with the source around it where it was told."""

    file: str
    line: int
    function: str
    in_app: bool = False
    """Whether it is the program's own, and not a library's."""
    before: tuple[str, ...] = ()
    source: str = ""
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raised:
    """One exception of a chain, and where it was raised: the outermost call first."""

    kind: str
    value: str
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Crumb:
    """Something that happened before an error."""

    time: float
    category: str
    message: str
    level: str = ""


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """An error: its chain of exceptions, the cause last as it was raised, or a `message` where there is none."""

    event_id: str
    time: float
    level: str = "error"
    raised: tuple[Raised, ...] = ()
    message: str = ""
    transaction: str = ""
    """The name of what was going on."""
    trace_id: str = ""
    span_id: str = ""
    handled: bool = True
    crumbs: tuple[Crumb, ...] = ()
    release: str = ""
    environment: str = ""
    seq: int = -1
    size: int = 0

    @property
    def title(self) -> str:
        """The error in one line: `KeyError: 'user'`."""
        if not self.raised:
            return self.message
        last = self.raised[-1]
        return f"{last.kind}: {last.value}" if last.value else last.kind


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A line of a program's log."""

    time: float
    level: str
    body: str
    trace_id: str = ""
    span_id: str = ""
