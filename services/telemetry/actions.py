"""What the user did and how long each step of it took, until it is reported."""

from __future__ import annotations

import contextlib
import contextvars
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

DURING = "_opsterm_action"
"""On an error: the action that it ended."""


@dataclass(slots=True)
class Step:
    """A part of an action, as a context: waiting for a connection, for a first byte, decoding. Times are seconds
    since the epoch.
    """

    op: str
    description: str
    began: float = field(default_factory=time.time)
    ended: float = 0.0
    failed: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(failed=error is not None)

    def end(self, *, failed: bool = False) -> None:
        """It is over; a second end changes nothing."""
        if not self.ended:
            self.ended, self.failed = time.time(), failed


class Action:
    """Something that the user did, with its steps; reported as one transaction when it ends. Also a context."""

    def __init__(self, name: str, deliver: Callable[[Action], object]) -> None:
        import uuid  # noqa: PLC0415  only where something is reported

        self.name = name
        self.began = time.time()
        self.ended = 0.0
        self.status = "ok"
        self.steps: list[Step] = []
        self.trace_id, self.span_id = uuid.uuid4().hex, uuid.uuid4().hex[16:]
        self._deliver = deliver
        self._token: contextvars.Token[Action | None] | None = None

    def __enter__(self) -> Self:
        self._token = current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token:
            current.reset(self._token)
        if error is None:
            self.end()
        else:
            with contextlib.suppress(AttributeError):
                setattr(error, DURING, self)  # it is caught and reported further up
            self.end("internal_error" if isinstance(error, Exception) else "cancelled")

    def child(self, op: str, description: str = "") -> Step:
        """A step that begins now and ends with its `with` block or `end`."""
        step = Step(op, description)
        self.steps.append(step)
        return step

    def end(self, status: str = "ok") -> None:
        """It is over: report it. A second end changes nothing."""
        if self.ended:
            return
        self.ended, self.status = time.time(), status
        for step in self.steps:
            step.end(failed=status == "internal_error")
        self._deliver(self)


class Nothing:
    """Stands for actions and steps while nothing is reported."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def child(self, op: str, description: str = "") -> Self:  # noqa: ARG002
        """Nothing."""
        return self

    def end(self, status: str = "ok", *, failed: bool = False) -> None:
        """Nothing."""


NOTHING = Nothing()
current: contextvars.ContextVar[Action | None] = contextvars.ContextVar("action", default=None)
"""The action that the running code belongs to."""
