"""What of a report may leave the machine.

A report is not cleaned of what is known to be secret: it is made anew of what is known to be harmless, and everything
else stays here. Of the text of an error only the words that stand in program code are kept, for what stood between
them was data: a line of a device, a name, a token. `docs/telemetry.md` lists the result; keep both the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

HIDDEN = "…"
"""Stands for what was taken out."""
_LEAST = 4  # characters: shorter pieces of code text could spell anything
_MOST = 500  # characters of any text
_PYTHON = (  # what Python itself says of an error, without the data in it
    "object has no attribute",
    "object is not",
    "subscriptable",
    "callable",
    "iterable",
    "list index out of range",
    "string index out of range",
    "index out of range",
    "missing",
    "required positional argument",
    "unexpected keyword argument",
    "got an",
    "takes",
    "positional arguments",
    "but",
    "were given",
    "unsupported operand type(s) for",
    "not supported between instances of",
    "must be",
    "not enough values to unpack",
    "too many values to unpack",
    "invalid literal for",
    "could not convert string to float",
    "codec can't decode byte",
    "codec can't encode character",
    "division by zero",
    "dictionary changed size during iteration",
    "maximum recursion depth exceeded",
    "cannot access local variable",
    "is not defined",
    "No module named",
    "cannot import name",
    "local variable",
    "NoneType",
)
_PLACES = re.compile(r"%(?:\(\w+\))?[-#0 +]*[\d*]*(?:\.[\d*]+)?[a-zA-Z%]|\{[^{}]*\}")
_SECRETS = (
    (re.compile(r"(?i)\b(authorization|proxy-authorization|cookie)\b\s*[:=]\s*[^\n,;]+"), rf"\1: {HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    (
        re.compile(r"(?i)\b([\w-]*(?:token|password|passwd|secret|api[_-]?key|dsn))\b(['\"]?\s*[:=]\s*)\S+"),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"([a-z][a-z0-9+.-]*://)[^\s/@]*@", re.IGNORECASE), r"\1"),
    (re.compile(r"([a-z][a-z0-9+.-]*://[^\s?#'\"]*)[?#][^\s'\"]*", re.IGNORECASE), rf"\1?{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+(?:\.[\w-]*){0,2}|\bsntry[a-z]_[\w=+/-]+|\b[\w+/-]{40,}={0,2}"), HIDDEN),
)


def scrub_text(text: str) -> str:
    """`text` without credentials, queries of URLs, long random words and the home folder, at most 500 characters."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~")
    return text if len(text) <= _MOST else text[: _MOST - 1] + HIDDEN


def scrub(event: Mapping[str, Any], hint: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The part of an event or a transaction that may leave. `hint` has the error, as sentry_sdk gives it."""
    new = _only(event, "event_id", "timestamp", "start_timestamp", "level", "platform", "type")
    new |= {key: scrub_text(str(event[key])) for key in ("release", "environment", "transaction") if event.get(key)}
    if isinstance(sdk := event.get("sdk"), Mapping):
        new["sdk"] = _only(sdk, "name", "version")
    new["contexts"] = _contexts(event.get("contexts"))
    if raised := _values(event.get("exception")):
        error = (hint or {}).get("exc_info", (None, None))[1]
        known = words_of(error) if isinstance(error, BaseException) else ()
        new["exception"] = {"values": [_raised(each, known) for each in raised]}
    if crumbs := _values(event.get("breadcrumbs")):
        new["breadcrumbs"] = {"values": [_only(each, "timestamp", "type", "category", "level") for each in crumbs]}
    if event.get("type") == "transaction":
        new["transaction_info"] = {"source": "custom"}
        new["spans"] = [_span(each) for each in event.get("spans") or () if isinstance(each, Mapping)]
    return new


def _contexts(contexts: Any) -> dict[str, Any]:
    contexts = contexts if isinstance(contexts, Mapping) else {}
    new: dict[str, Any] = {}
    if isinstance(trace := contexts.get("trace"), Mapping):
        new["trace"] = _span(trace)
    if isinstance(runtime := contexts.get("runtime"), Mapping):
        new["runtime"] = _only(runtime, "name", "version")
    return new


def _span(span: Mapping[str, Any]) -> dict[str, Any]:
    kept = _only(
        span, "trace_id", "span_id", "parent_span_id", "op", "status", "origin", "start_timestamp", "timestamp"
    )
    if span.get("description"):
        kept["description"] = scrub_text(str(span["description"]))
    return kept


def _raised(raised: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    kept = _only(raised, "type", "module")
    kept["value"] = scrub_text(mask(str(raised.get("value") or ""), known))
    if isinstance(mechanism := raised.get("mechanism"), Mapping):
        kept["mechanism"] = _only(mechanism, "type", "handled", "exception_id", "parent_id", "is_exception_group")
    if isinstance(trace := raised.get("stacktrace"), Mapping):
        frames = trace.get("frames")
        kept["stacktrace"] = {"frames": [_frame(each) for each in frames or () if isinstance(each, Mapping)]}
    return kept


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Where in the program; of a file that is neither opsterm's nor a library's only the line."""
    kept = _only(frame, "lineno", "in_app")
    if _public(str(frame.get("abs_path") or "")):
        kept |= _only(frame, "function", "module")
        kept["filename"] = f"{str(frame.get('module') or HIDDEN).replace('.', '/')}.py"
    else:
        kept |= {"function": HIDDEN, "filename": HIDDEN}
    return kept


def _public(path: str) -> bool:
    """Whether a file belongs to opsterm, to Python or to a library that is installed."""
    return path.startswith(_roots())


_ROOTS: list[tuple[str, ...]] = []


def _roots() -> tuple[str, ...]:
    if not _ROOTS:
        import sysconfig  # noqa: PLC0415  for the first report

        house = Path(__file__).parents[2]
        resolved = Path(__file__).resolve().parents[2]
        folders = {
            str(each / name) for each in (house, resolved) for name in ("services", "widgets", "screens", "tui")
        }
        paths = sysconfig.get_paths()
        folders |= {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        _ROOTS.append(tuple(f"{folder}/" for folder in folders))
    return _ROOTS[0]


def mask(text: str, known: Iterable[str]) -> str:
    """`text` with everything but the `known` pieces hidden."""
    pieces = sorted({each for each in known if len(each.strip()) >= _LEAST}, key=len, reverse=True)
    if not text or not pieces:
        return HIDDEN if text else ""
    found = re.compile("|".join(re.escape(each) for each in pieces))
    kept: list[str] = []
    end = 0
    for match in found.finditer(text):
        if match.start() > end:
            kept.append(HIDDEN)
        kept.append(match[0])
        end = match.end()
    if end < len(text):
        kept.append(HIDDEN)
    return re.sub(f"{HIDDEN}(?:\\s*{HIDDEN})+", HIDDEN, "".join(kept))


def words_of(error: BaseException) -> set[str]:
    """The pieces of text that stand in the code through which `error` and its causes came."""
    words = set(_PYTHON)
    for each in _chain(error):
        if isinstance(each, OSError) and isinstance(each.errno, int):
            import os  # noqa: PLC0415

            words |= {os.strerror(each.errno), f"[Errno {each.errno}]"}
        for kind in type(each).__mro__:
            made = getattr(kind.__dict__.get("__init__"), "__code__", None)
            if isinstance(made, CodeType):
                words.update(_constants(made))
        trace = each.__traceback__
        while trace:
            words.update(_constants(trace.tb_frame.f_code))
            trace = trace.tb_next
    return words


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [other for other in (each.__cause__, each.__context__) if other]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions


def _constants(code: CodeType) -> Iterator[str]:
    """The texts in a function's code, cut where something is filled in; of public code only."""
    if not _public(code.co_filename):
        return
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield from _PLACES.split(constant)


def _only(source: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """What `source` has of these keys, where it is no more than a word, a figure or a moment."""
    return {key: source[key] for key in keys if not isinstance(source.get(key), (Mapping, list, type(None)))}


def _values(part: Any) -> list[Mapping[str, Any]]:
    values = part.get("values") if isinstance(part, Mapping) else part
    return [each for each in values if isinstance(each, Mapping)] if isinstance(values, list) else []
