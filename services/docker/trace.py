"""The records in which BuildKit tells its progress, and their form in protocol buffers.

The field numbers are those of `StatusResponse` in BuildKit's `api/services/control/control.proto`; the wire format
is that of protobuf.dev/programming-guides/encoding. Only the fields that are used are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vertex:
    """A step as BuildKit knows it; told again with each change. Times are seconds since the epoch."""

    digest: str
    name: str = ""
    started: float | None = None
    completed: float | None = None
    cached: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """A piece of what a step printed; `stream` is 1 or 2."""

    digest: str
    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Update:
    """One record of progress."""

    vertexes: tuple[Vertex, ...] = ()
    outputs: tuple[Output, ...] = ()


def decode(raw: bytes) -> Update:
    """The record in `raw`. Raises ValueError when that is not protocol buffers."""
    vertexes: list[Vertex] = []
    outputs: list[Output] = []
    for field, value in _fields(raw):
        if field == 1:
            vertexes.append(_vertex(_bytes(value)))
        elif field == 3:
            outputs.append(_output(_bytes(value)))
    return Update(tuple(vertexes), tuple(outputs))


def _vertex(raw: bytes) -> Vertex:
    digest = name = error = ""
    started = completed = None
    cached = False
    for field, value in _fields(raw):
        if field == 1:
            digest = _text(value)
        elif field == 3:
            name = _text(value)
        elif field == 4:
            cached = bool(value)
        elif field == 5:
            started = _time(_bytes(value))
        elif field == 6:
            completed = _time(_bytes(value))
        elif field == 7:
            error = _text(value)
    return Vertex(digest, name, started, completed, cached, error)


def _output(raw: bytes) -> Output:
    digest, stream, data = "", 1, b""
    for field, value in _fields(raw):
        if field == 1:
            digest = _text(value)
        elif field == 3 and isinstance(value, int):
            stream = value
        elif field == 4:
            data = _bytes(value)
    return Output(digest, stream, data)


def _time(raw: bytes) -> float:
    seconds = nanos = 0
    for field, value in _fields(raw):
        if isinstance(value, int):
            if field == 1:
                seconds = value
            elif field == 2:
                nanos = value
    return seconds + nanos / 1e9


def _text(value: int | bytes) -> str:
    return _bytes(value).decode("utf-8", "replace")


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a number where bytes belong")
    return value


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of one message: number and value, fixed-width ones as bytes."""
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        kind = tag & 7
        if kind == 0:
            number, at = _varint(raw, at)
            yield tag >> 3, number
            continue
        if kind == 2:
            size, at = _varint(raw, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if at + size > len(raw):
            raise ValueError("the record ends too early")
        yield tag >> 3, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(raw):
            raise ValueError("the record ends too early")
        byte = raw[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("a number too long")
