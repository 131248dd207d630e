"""One error in full: the chain of exceptions with the source around each call, and what happened before."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from opsterm.services.lines import stamp
from opsterm.services.telemetry.model import ErrorEvent, Frame, Raised

_NS = 1e9

Run = tuple[str, str]


class ErrorView(VerticalScroll):
    """Shows one error; scrolls."""

    DEFAULT_CSS = """
    ErrorView { height: 1fr; width: 1fr; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__(classes="main--body")
        self._text = Static()

    def compose(self) -> ComposeResult:
        """All of it."""
        yield self._text

    def show(self, error: ErrorEvent) -> None:
        """Show this one, from its beginning."""
        self._text.update(Content.assemble(*told(error)))
        self.scroll_home(animate=False)


def told(error: ErrorEvent) -> Iterator[Run]:
    """The whole error as runs of text with their styles."""
    yield f"{error.title}\n", "bold $error"
    facts = [stamp(round(error.time * _NS)), error.level, "" if error.handled else "unhandled", error.transaction]
    facts += [f"trace {error.trace_id[:6]}" if error.trace_id else "", error.release, error.environment]
    yield "   ".join(fact for fact in facts if fact) + "\n", "$foreground-muted"
    # As a traceback is read: the cause first, what was raised while it was handled below.
    for raised in error.raised:
        yield from _raised(raised)
    if error.crumbs:
        yield "\nBefore it\n", "bold"
    for crumb in error.crumbs:
        yield f"  {stamp(round(crumb.time * _NS))[11:23]} ", "$foreground-muted"
        yield f"{crumb.category}  ", "$foreground-muted"
        yield f"{crumb.message}\n", "$error" if crumb.level in ("error", "fatal") else ""


def _raised(raised: Raised) -> Iterator[Run]:
    yield f"\n{raised.kind}", "bold"
    yield f": {raised.value}\n" if raised.value else "\n", ""
    told_apart = any(frame.in_app for frame in raised.frames)
    for frame in raised.frames:
        yield from _frame(frame, frame.in_app or not told_apart)


def _frame(frame: Frame, own: bool) -> Iterator[Run]:
    """A call of the program's own with its source; one of a library in a muted line."""
    yield f"  {frame.file}:{frame.line} ", "" if own else "$foreground-muted"
    yield f"in {frame.function}\n", "bold" if own else "$foreground-muted"
    if not own or not frame.source:
        return
    first = frame.line - len(frame.before)
    for number, text in enumerate((*frame.before, frame.source, *frame.after), first):
        here = number == frame.line
        yield f"  {'▌' if here else ' '}{number:5} ", "$primary" if here else "$foreground-muted"
        yield f"{text}\n", "bold" if here else "$foreground-muted"
