"""Framing: however bytes are chunked the lines are the same, and no byte is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.lines import Flag, Line
from opsterm.services.serial import framing
from opsterm.services.serial.framing import MAX_LINE, LineAssembler

DATA = st.lists(st.sampled_from([b"a", b"bc", b"\r", b"\n", b"\r\n", b"\xff", b"\x1b[31m"]), max_size=40).map(
    b"".join
)
CUTS = st.lists(st.integers(1, 7), max_size=60)


def chunks(data: bytes, sizes: list[int]) -> list[bytes]:
    found = []
    for size in sizes:
        found.append(data[:size])
        data = data[size:]
    return [*found, data]


def assemble(pieces: list[bytes]) -> list[Line]:
    assembler = LineAssembler()
    lines = [line for t_ns, piece in enumerate(pieces) for line in assembler.feed(piece, t_ns)]
    last = assembler.close()
    return [*lines, last] if last else lines


@given(DATA, CUTS)
def test_any_chunking_gives_the_same_lines(data: bytes, sizes: list[int]) -> None:
    whole, parts = assemble([data]), assemble(chunks(data, sizes))
    assert [(line.raw, line.flags) for line in parts] == [(line.raw, line.flags) for line in whole]


@given(DATA, CUTS)
def test_lines_are_what_stands_between_endings(data: bytes, sizes: list[int]) -> None:
    expected = re.split(rb"\r\n|\r|\n", data)
    if not expected[-1]:
        expected.pop()  # nothing unfinished
    assert [line.raw for line in assemble(chunks(data, sizes))] == expected


@given(DATA, CUTS)
def test_a_line_is_stamped_with_its_first_and_last_chunk(data: bytes, sizes: list[int]) -> None:
    where = [t_ns for t_ns, piece in enumerate(chunks(data, sizes)) for _ in piece]  # the chunk of each byte
    starts = [found.start() for found in re.finditer(rb"[^\r\n]+", data)]
    ends = [found.end() - 1 for found in re.finditer(rb"[^\r\n]+(?:\r|\n)?", data)]
    lines = [line for line in assemble(chunks(data, sizes)) if line.raw]
    assert [line.first_ns for line in lines] == [where[start] for start in starts]
    assert [line.last_ns for line in lines] == [where[end] for end in ends]


@given(data=DATA, sizes=CUTS, limit=st.integers(1, 5))
def test_long_lines_are_cut_and_whole(data: bytes, sizes: list[int], limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(framing, "MAX_LINE", limit)
        lines = assemble(chunks(data, sizes))
        assert [line.raw for line in assemble([data])] == [line.raw for line in lines]
    assert all(len(line.raw) <= limit for line in lines)
    assert all(len(line.raw) == limit for line in lines if line.flags & Flag.CUT)
    assert b"".join(line.raw for line in lines) == re.sub(rb"[\r\n]", b"", data)


def test_a_line_just_as_long_as_allowed_is_not_cut() -> None:
    assert [line.flags for line in assemble([b"x" * MAX_LINE, b"\n"])] == [Flag.NONE]
    assert [line.flags for line in assemble([b"x" * MAX_LINE, b"y\n"])] == [Flag.CUT, Flag.NONE]


def test_the_unfinished_line_is_shown_when_it_has_grown() -> None:
    assembler = LineAssembler("phone")
    assert assembler.idle() is None
    assembler.feed(b"log", 1)
    assembler.feed(b"in: ", 2)
    line = assembler.idle()
    assert line
    assert (line.raw, line.flags, line.first_ns, line.last_ns, line.source) == (
        b"login: ",
        Flag.PARTIAL,
        1,
        2,
        "phone",
    )
    assert assembler.idle() is None
    assembler.feed(b"r", 3)
    grown = assembler.idle()
    assert grown
    assert grown.raw == b"login: r"
    assert [line.raw for line in assembler.feed(b"oot\n", 4)] == [b"login: root"]
    assert assembler.idle() is None
    assert assembler.close() is None


def test_an_lf_behind_a_cr_is_swallowed_even_after_silence() -> None:
    assembler = LineAssembler()
    assert [line.raw for line in assembler.feed(b"10%\r", 1)] == [b"10%"]
    assert assembler.idle() is None
    assert assembler.feed(b"\n", 2) == []
    assert [line.raw for line in assembler.feed(b"\n", 3)] == [b""]


def test_text_is_safe_and_in_the_encoding() -> None:
    assembler = LineAssembler(encoding="latin-1")
    assert [line.text for line in assembler.feed(b"gr\xfcn\x07\n", 1)] == ["grün␇"]
