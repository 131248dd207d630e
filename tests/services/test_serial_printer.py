"""Printing a ring to a pipe whose reader is slow, gone, or both."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.tui.plain.printer import Printer
from tests.waiting import turns, until


def some(count: int) -> list[Line]:
    return [Line(b"x" * 50, f"{number} {'x' * 50}", 0, 0) for number in range(count)]


class Told:
    """What the printer asks for and says."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.held: list[bool] = []
        self.closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


@pytest.fixture
def ring() -> Ring:
    return Ring(max_lines=30_000)


@pytest.fixture
async def told(ring: Ring, pipe: tuple[int, int]) -> AsyncIterator[Told]:
    told = Told()
    printer = Printer(ring, pipe[1], told.said.append, told.held.append, told.close)
    printing = asyncio.create_task(printer.run())
    await turns()
    yield told
    printer.finish()
    await until(lambda: (drain(pipe[0]), printing.done())[1], "the end")


def drain(fd: int) -> bytes:
    os.set_blocking(fd, False)
    try:
        return os.read(fd, 1 << 20)
    except OSError:
        return b""


async def test_the_source_is_held_while_much_waits(ring: Ring, told: Told, pipe: tuple[int, int]) -> None:
    ring.extend(some(5_000))  # more than the pipe takes: the printer is busy with these
    await until(lambda: told.held == [] and ring.next_seq == 5_000, "the first batch")
    await turns()
    ring.extend(some(20_000))
    assert told.held == []
    ring.extend(some(1))
    assert told.held == [True]
    out = bytearray()
    await until(lambda: (out.extend(drain(pipe[0])), not told.held[-1])[1], "released")
    await until(lambda: (out.extend(drain(pipe[0])), out.count(b"\n") == 25_001)[1], "all lines")
    assert not told.said


async def test_what_was_evicted_unprinted_is_said(ring: Ring, told: Told, pipe: tuple[int, int]) -> None:
    ring.extend(some(5_000))
    await turns(2)
    ring.extend(some(30_100))
    out = bytearray()
    await until(lambda: (out.extend(drain(pipe[0])), out.count(b"\n") == 35_000)[1], "the rest")
    assert told.said == ["100 lines dropped: whoever reads this is too slow."]


async def test_an_unfinished_line_waits_for_its_end(ring: Ring, told: Told, pipe: tuple[int, int]) -> None:
    ring.append(Line(b"login: ", "login: ", 0, 0, flags=Flag.PARTIAL))
    ring.append(Line(b"root", "root", 0, 0, direction=Direction.TX))
    ring.append(Line(b"Pass", "Pass", 0, 0, flags=Flag.PARTIAL))
    out = bytearray()
    await until(lambda: (out.extend(drain(pipe[0])), out.count(b"\n") == 2)[1], "two lines")
    assert [line.split(" ", 2)[2] for line in out.decode().splitlines()] == ["Rx <== login: …", "Tx ==> root"]
    ring.replace_last(Line(b"Password", "Password", 0, 0))
    await until(lambda: (out.extend(drain(pipe[0])), out.count(b"\n") == 3)[1], "the third")
    assert out.endswith(b"Rx <== Password\n")


async def test_a_note_of_a_gap_is_said(ring: Ring, told: Told) -> None:
    ring.append(Line(b"", "open again, gap 4.213 s", 0, 0, direction=Direction.NOTE, flags=Flag.GAP))
    await until(lambda: told.said, "the note")
    assert told.said == ["open again, gap 4.213 s."]


async def test_nobody_reading_is_told(ring: Ring, told: Told, pipe: tuple[int, int]) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, pipe[0])  # in its place: the pipe has no reader any more
    os.close(null)
    ring.append(some(1)[0])
    await until(lambda: told.closed, "closed")


async def test_no_thread_is_left_at_the_end(ring: Ring, pipe: tuple[int, int]) -> None:
    printer = Printer(ring, pipe[1], print, lambda _: None, lambda: None)
    printer.finish()
    await printer.run()
    await until(lambda: "standard output" not in {thread.name for thread in threading.enumerate()}, "no thread left")
