"""One version of a decoder at work: a thread that asks its process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from opsterm.services.lines import Direction, Flag, Level, Line
from opsterm.services.serial.decoding.child import Record, Result
from opsterm.services.serial.decoding.code import Code, DecoderError
from opsterm.services.serial.decoding.process import DecoderProcess
from opsterm.services.text import clean

_DIRECTIONS = {direction.value: direction for direction in Direction}
_LEVELS = {int(level): level for level in Level}

T = TypeVar("T")


@dataclass(slots=True)
class Decoded:
    """What became of the first lines of a batch: for each the lines in its place, new ones even where nothing
    changed. `failed` are the places of those that the decoder failed at, `error` says how at the first of them.
    """

    lines: list[list[Line]]
    failed: list[int]
    error: str


class Worker:
    """Belongs on the event loop; all that may take time is done by a daemon thread."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._process: DecoderProcess | None = None
        self._ended = False
        threading.Thread(target=self._run, name=f"decode with {code.label}", daemon=True).start()

    async def start(self) -> None:
        """Load the decoder. Raises DecoderError."""
        await self._ask(self._start)

    async def decode(self, lines: list[Line]) -> Decoded:
        """What becomes of the first of `lines`, one at least. Raises DecoderError when the decoder is at its end."""
        return await self._ask(lambda: self._decode(lines))

    def end(self) -> None:
        """End the process, at once; may be called again."""
        if not self._ended:
            self._ended = True
            if self._process is not None:
                self._process.kill()
            self._jobs.put(None)

    async def _ask(self, work: Callable[[], T]) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(partial(self._do, work, future))
        try:
            return await future
        finally:
            del future  # else an error in it keeps this frame, and all above, until the collector looks

    # On the thread

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        if self._process is not None:
            self._process.close()

    def _do(self, work: Callable[[], T], future: asyncio.Future[T]) -> None:
        try:
            settle = partial(_settle, future, work(), None)
        except Exception as error:  # raised where it is awaited
            settle = partial(_settle, future, None, error)
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(settle)
        del settle, future  # as above

    def _start(self) -> None:
        self._process = DecoderProcess(self._code)
        if self._ended:  # meanwhile, and there was nothing to kill
            self._process.kill()
        self._process.load()

    def _decode(self, lines: list[Line]) -> Decoded:
        assert self._process
        answer = self._process.decode([_record(line) for line in lines])
        try:
            results, error = answer
            decoded = [_lines(line, result) for line, result in zip(lines, results, strict=False)]
            failed = [at for at, result in enumerate(results) if result is False]
        except (ValueError, TypeError, KeyError):
            raise DecoderError(f"{self._code.label}: answered rubbish") from None
        if not decoded:
            raise DecoderError(f"{self._code.label}: answered nothing")
        return Decoded(decoded, failed, clean(error))


def _settle(future: asyncio.Future[T], result: T | None, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)  # type: ignore[arg-type]  # None only where T is


def copy(line: Line) -> Line:
    """The same line, for another ring: a line belongs to one, which gives it its number."""
    return Line(line.raw, line.text, line.first_ns, line.last_ns, line.source, line.direction, line.level, line.flags)


def _record(line: Line) -> Record:
    times = line.first_ns, line.last_ns
    return (line.raw, line.text, *times, line.source, line.direction.value, int(line.level), int(line.flags))


def _lines(line: Line, result: Result) -> list[Line]:
    if isinstance(result, bool):
        return [copy(line)]
    return [
        Line(
            line.raw if raw == line.raw else raw,  # one copy of the same bytes
            text if text.isprintable() else clean(text),
            first_ns,
            last_ns,
            line.source if source == line.source else source,
            _DIRECTIONS[direction],
            _LEVELS[level],
            Flag(flags) if flags else Flag.NONE,
        )
        for raw, text, first_ns, last_ns, source, direction, level, flags in result
    ]
