"""An item of the kind `event`: an error, or a message that a program had to tell.

https://develop.sentry.dev/sdk/data-model/event-payloads/
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from opsterm.services.telemetry import sizes
from opsterm.services.telemetry.fields import MAX_TEXT, count, hex_id, mapping, seconds, source, text, values
from opsterm.services.telemetry.model import Crumb, ErrorEvent, Frame, Raised

MAX_CHAIN = 50
"""Of the exceptions of a chain, how many are kept: those raised last."""
MAX_FRAMES = 250
"""Of the calls of a stack, how many are kept: the innermost."""
MAX_CRUMBS = 100
_AROUND = 10
"""Lines of source that are kept before and after each call."""


def read_event(told_of: Mapping[str, Any]) -> ErrorEvent:
    """The error. What is missing is empty; without a time it is now."""
    trace = mapping(mapping(told_of.get("contexts")).get("trace"))
    exceptions = [each for each in values(told_of.get("exception")) if isinstance(each, dict)][-MAX_CHAIN:]
    raised = tuple(_raised(each) for each in exceptions)
    told_crumbs = values(told_of.get("breadcrumbs"))[-MAX_CRUMBS:]
    crumbs = tuple(crumb for each in told_crumbs if (crumb := _crumb(each)) is not None)
    moment = seconds(told_of.get("timestamp"))
    message = _message(told_of)
    size = 2 * sizes.RECORD + sizes.of_text(message) + sum(map(sizes.of_crumb, crumbs))
    for one in raised:
        size += sizes.of_text(one.value) + sizes.of_text(one.kind) + sum(map(sizes.of_frame, one.frames))
    return ErrorEvent(
        hex_id(told_of.get("event_id")),
        time.time() if moment is None else moment,
        text(told_of.get("level")).lower() or "error",
        raised,
        message,
        text(told_of.get("transaction"), MAX_TEXT),
        hex_id(trace.get("trace_id")),
        hex_id(trace.get("span_id")),
        not any(mapping(each.get("mechanism")).get("handled") is False for each in exceptions),
        crumbs,
        text(told_of.get("release")),
        text(told_of.get("environment")),
        size=size,
    )


def _message(told_of: Mapping[str, Any]) -> str:
    """The message, its parameters filled in: bare, or under one of the two names that it had over the years."""
    for name in ("logentry", "message"):
        told = told_of.get(name)
        if isinstance(told, dict):
            told = told.get("formatted") or told.get("message")
        if message := text(told, MAX_TEXT):
            return message
    return ""


def _raised(told_of: Mapping[str, Any]) -> Raised:
    frames = values(mapping(told_of.get("stacktrace")).get("frames"))[-MAX_FRAMES:]
    kind = text(told_of.get("type")) or "Error"
    return Raised(
        kind,
        text(told_of.get("value"), MAX_TEXT),
        tuple(_frame(each) for each in frames if isinstance(each, dict)),
    )


def _frame(told_of: Mapping[str, Any]) -> Frame:
    file = told_of.get("filename") or told_of.get("abs_path") or told_of.get("module")
    return Frame(
        text(file),
        count(told_of.get("lineno")),
        text(told_of.get("function")),
        told_of.get("in_app") is True,
        _lines(values(told_of.get("pre_context"))[-_AROUND:]),
        source(told_of.get("context_line")),
        _lines(values(told_of.get("post_context"))[:_AROUND]),
    )


def _lines(told_of: Sequence[object]) -> tuple[str, ...]:
    return tuple(source(each) for each in told_of)


def _crumb(told_of: object) -> Crumb | None:
    if not isinstance(told_of, dict):
        return None
    moment = seconds(told_of.get("timestamp"))
    message = text(told_of.get("message"), MAX_TEXT)
    if not message:  # of a request or a query, what happened is in its data
        data = mapping(told_of.get("data"))
        parts = (data.get("method"), data.get("url"), data.get("status_code"))
        message = " ".join(filter(None, map(text, parts)))
    category = text(told_of.get("category")) or text(told_of.get("type"))
    return Crumb(0.0 if moment is None else moment, category, message, text(told_of.get("level")))
