"""The process in which a decoder runs. Started by its path, so that it loads no more than it needs.

It speaks over its first two descriptors: a length of four bytes, little endian, and a `marshal` of so many. The
first request is the search path for modules, the label and the source of the decoder; the answer is an error, or "".
Each further one is a list of lines (`Record`), and the answer what became of them (`Answer`). All that a decoder
itself reads or writes goes to the null device.
"""

from __future__ import annotations

import faulthandler
import marshal
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any, BinaryIO

Record = tuple[bytes, str, int, int, str, str, int, int]
"""Raw, text, first and last time, source, value of the direction, level, flags."""
Result = bool | list[Record]
"""True: the line as it came. False: that too, because the decoder failed. Else the lines in its place."""
Answer = tuple[list[Result], str]
"""Results of the first lines of a request, at least one, and the first error among them, or ""."""

MAX_LINES = 1_000
"""Into which one line may be decoded."""
MAX_SIZE = 512 * 1024
"""Bytes and characters that these may have; a line of 64 KiB in hex has half of it."""
_TOO_LONG = f"returned more than {MAX_SIZE:,} characters for one line"
_NAMES = ("raw", "text", "first_ns", "last_ns", "source", "direction", "level", "flags")
_TYPES = (bytes, str, int, int, str, str, int, int)
_NO_TIME = 1 << 63
"""Nanoseconds: no calendar has that."""
MAX_ERROR = 200
"""Characters of an error."""
_SLICE = 0.05
"""Seconds after which an answer is due, so that whoever waits for it knows that this goes on."""
_MANY_LINES = 2_000
_MANY_BYTES = 4 * 1024 * 1024
"""After these it is due, too."""
_MEMORY = 1024 * 1024 * 1024
_ORPHAN_SECONDS = 30
"""After which the system ends a decoder that hangs and that nobody else has ended."""


class Decoder:
    """A loaded decoder. Raises whatever its file raises."""

    def __init__(self, label: str, source: bytes) -> None:
        from opsterm.services import lines  # noqa: PLC0415  the way to it comes with the first request

        self._lines = lines
        self._label = label
        self._directions = {direction.value: direction for direction in lines.Direction}
        self._levels = {int(level): level for level in lines.Level}
        self._no_flags = lines.Flag.NONE
        module = ModuleType(f"opsterm decoder {label}")
        sys.modules[module.__name__] = module  # dataclasses look there for what they are in
        vars(module).update(
            Line=lines.Line, Level=lines.Level, Flag=lines.Flag, Direction=lines.Direction, __file__=label
        )
        exec(compile(source, label, "exec", dont_inherit=True), vars(module))  # noqa: S102  its owner wants it
        decode = getattr(module, "decode", None)
        if not callable(decode):
            raise Rubbish("no function decode(line) in it")
        self._decode: Callable[[Any], Any] = decode
        self._begin: int = getattr(getattr(decode, "__code__", None), "co_firstlineno", 0)

    def answer(self, records: list[Record]) -> Answer:
        """What becomes of as many `records` as there is time for."""
        due = time.monotonic() + _SLICE
        results: list[Result] = []
        made = size = 0
        first_error = ""
        for record in records:
            result: Result = False
            try:
                result = self._result(record)
            except BaseException as error:  # sys.exit and the like are errors of the decoder
                first_error = first_error or in_words(error, self._label, self._begin)
            results.append(result)
            if not isinstance(result, bool):
                made += len(result)
                size += sum([len(each[0]) + len(each[1]) for each in result])
            if made >= _MANY_LINES or size >= _MANY_BYTES or time.monotonic() > due:
                break
        return results, first_error

    def _result(self, record: Record) -> Result:
        raw, text, first_ns, last_ns, source, direction, level, flags = record
        way, flag = self._directions[direction], self._lines.Flag(flags) if flags else self._no_flags
        found = self._decode(self._lines.Line(raw, text, first_ns, last_ns, source, way, self._levels[level], flag))
        if type(found) is self._lines.Line:
            made = self._record(found)
            return True if made == record else [made]
        if found is None:
            return []
        if not isinstance(found, list | tuple):
            raise Rubbish(f"returned {_kind(found)}, not a Line, a list of them or None")
        if len(found) > MAX_LINES:
            raise Rubbish(f"returned more than {MAX_LINES:,} lines for one")
        records = [self._record(line) for line in found]
        if sum([len(each[0]) + len(each[1]) for each in records]) > MAX_SIZE:
            raise Rubbish(_TOO_LONG)
        return records

    def _record(self, line: Any) -> Record:
        if not isinstance(line, self._lines.Line):
            raise Rubbish(f"returned a list with {_kind(line)} in it, not only Lines")
        try:
            level, direction, flags = int(self._levels[line.level]), line.direction._value_, int(line.flags)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Rubbish("returned a Line whose level, direction or flags are none") from None
        record = (line.raw, line.text, line.first_ns, line.last_ns, line.source, direction, level, flags)
        if tuple(map(type, record)) != _TYPES:  # subclasses would not pass through marshal either
            raise Rubbish(_wrong_types(record))
        if len(line.raw) + len(line.text) > MAX_SIZE:
            raise Rubbish(_TOO_LONG)
        if not (0 <= line.first_ns < _NO_TIME and 0 <= line.last_ns < _NO_TIME):
            raise Rubbish("returned a Line whose times are none")
        return record


class Rubbish(Exception):  # noqa: N818  it is named after what it is
    """Something that a decoder may not return."""


def in_words(error: BaseException, label: str, begin: int = 0) -> str:
    """`error` in one line, such as `decoders/bus.py line 3: KeyError 'x'`; at `begin` if it is nowhere else."""
    line = begin
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == label:
            line = number
    if isinstance(error, Rubbish):
        what = str(error)
    elif isinstance(error, SyntaxError) and error.filename == label:
        line = error.lineno or 0
        what = f"{type(error).__name__} {error.msg}"
    else:
        what = f"{type(error).__name__} {_text_of(error)}".rstrip()
    where = f"{label} line {line}" if line else label
    return f"{where}: {what.splitlines()[0]}"[:MAX_ERROR]


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # it is the decoder's own
        return ""


def _wrong_types(record: Record) -> str:
    for name, value, kind in zip(_NAMES, record, _TYPES, strict=True):
        if type(value) is not kind:
            return f"returned a Line whose {name} is {_kind(value)}, not {kind.__name__}"
    return ""


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


def main() -> None:
    """Answer requests until nobody asks any more."""
    requests, replies, dump = os.dup(0), os.dup(1), os.dup(2)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    faulthandler.register(signal.SIGUSR1, dump, all_threads=False)  # where it hangs, even outside of Python
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open(requests, "rb") as ask:
        _answer(ask, replies)


def _answer(ask: BinaryIO, replies: int) -> None:
    path, label, source = _receive(ask)
    sys.path[:] = path
    try:
        decoder = Decoder(label, source)
    except BaseException as error:  # whatever its first lines do
        _reply(replies, in_words(error, label))
        return
    _reply(replies, "")
    while True:
        records = _receive(ask)
        signal.alarm(_ORPHAN_SECONDS)
        answer = decoder.answer(records)
        signal.alarm(0)
        _reply(replies, answer)


def _receive(ask: BinaryIO) -> Any:
    head = ask.read(4)
    if len(head) < 4:
        os._exit(0)  # nobody is there any more; threads of the decoder do not keep this alive
    return marshal.loads(ask.read(int.from_bytes(head, "little")))  # noqa: S302  it is our own


def _reply(descriptor: int, answer: Any) -> None:
    data = marshal.dumps(answer)
    rest = memoryview(len(data).to_bytes(4, "little") + data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


if __name__ == "__main__":
    main()
    os._exit(0)
