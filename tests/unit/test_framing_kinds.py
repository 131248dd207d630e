"""Every framing: any chunking of any bytes gives the same lines, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.lines import Flag, Line, Ring
from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.framing import MAX_LINE, Framing, LineAssembler
from opsterm.services.serial.intake import Counters, Intake
from tests.waiting import turns, until

DATA = st.lists(
    st.sampled_from([b"a", b"bc", b"\r", b"\n", b"\r\n", b"\0", b"\xff"]) | st.binary(max_size=5), max_size=30
).map(b"".join)
CUTS = st.lists(st.integers(1, 7), max_size=60)
ENDINGS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r", "nul": b"\0", "byte:FF": b"\xff", "byte:0d": b"\r"}


def assemble(framing: str, data: bytes, sizes: list[int], pause_ns: int = 0) -> list[Line]:
    assembler = LineAssembler(framing=Framing.parse(framing))
    lines: list[Line] = []
    for number, size in enumerate([*sizes, max(1, len(data))]):
        lines += assembler.feed(data[:size], number * pause_ns)
        data = data[size:]
    last = assembler.close()
    return [*lines, last] if last else lines


@pytest.mark.parametrize("framing", ENDINGS)
@given(data=DATA, sizes=CUTS)
def test_lines_stand_between_their_endings_and_nothing_else_is_taken(
    framing: str, data: bytes, sizes: list[int]
) -> None:
    lines = assemble(framing, data, sizes)
    *expected, rest = data.split(ENDINGS[framing])
    assert [line.raw for line in lines] == ([*expected, rest] if rest else expected)
    assert [line.flags for line in lines] == [Flag.NONE] * len(expected) + [Flag.PARTIAL] * bool(rest)


@given(data=DATA, sizes=CUTS, length=st.integers(1, 9))
def test_lines_of_one_length(data: bytes, sizes: list[int], length: int) -> None:
    lines = assemble(f"len:{length}", data, sizes)
    assert [line.raw for line in lines] == [data[at : at + length] for at in range(0, len(data), length)]
    assert [line.flags for line in lines] == [Flag.PARTIAL if len(line.raw) < length else Flag.NONE for line in lines]


@given(data=DATA, sizes=CUTS)
def test_only_silence_ends_a_line(data: bytes, sizes: list[int]) -> None:
    assert [line.raw for line in assemble("idle:20ms", data, sizes, 19_999_999)] == ([data] if data else [])
    chunks = assemble("idle:20ms", data, sizes, 20_000_000)
    assert b"".join(line.raw for line in chunks) == data
    assert [len(line.raw) for line in chunks[:-1]] == sizes[: max(0, len(chunks) - 1)]
    assert all(line.flags is Flag.NONE for line in chunks)


def test_a_line_is_stamped_with_its_own_chunks() -> None:
    assembler = LineAssembler(framing=Framing.parse("crlf"))
    assert assembler.feed(b"\r", 1) == []
    assert [(line.raw, line.first_ns, line.last_ns) for line in assembler.feed(b"a\r\nb", 2)] == [(b"\ra", 2, 2)]
    assert [(line.raw, line.first_ns, line.last_ns) for line in assembler.feed(b"\r\n", 3)] == [(b"b", 2, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LF",
        "len:",
        "len:0",
        f"len:{MAX_LINE + 1}",
        "len:-1",
        "idle:20",
        "idle:0ms",
        "idle:1s",
        "byte:",
        "byte:C",
        "byte:C0C0",
    ],
)
def test_a_framing_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(BadSettingError, match="Invalid framing"):
        Framing.parse(text)


async def test_silence_ends_a_line_in_the_ring() -> None:
    ring, counters = Ring(), Counters()
    intake = Intake(ring, counters, "bus", "utf-8", 3600, framing=Framing.parse("idle:1ms"))
    intake.take([(1, b"\x01\x03"), (2, b"\n")])
    await until(lambda: len(ring) == 1, "the frame")
    assert (ring[0].raw, ring[0].flags, counters.lines) == (b"\x01\x03\n", Flag.NONE, 1)


async def test_another_framing_ends_the_unfinished_line() -> None:
    ring = Ring()
    intake = Intake(ring, Counters(), "bus", "utf-8", 3600)
    intake.take([(1, b"ab")])
    intake.framing = Framing.parse("auto")
    assert len(ring) == 0
    intake.framing = Framing.parse("nul")
    intake.take([(2, b"c\nd\0")])
    await turns()
    assert [line.raw for line in ring.since(0)] == [b"ab", b"c\nd"]
