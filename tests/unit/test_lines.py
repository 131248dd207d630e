"""The ring against a plain list, and the words of a line."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.lines import Direction, Flag, Line, Ring, in_words, stamp

EVENT = st.one_of(
    st.tuples(st.just("extend"), st.lists(st.integers(0, 300), max_size=8)),
    st.tuples(st.just("replace"), st.integers(0, 300)),
)


def make(size: int) -> Line:
    return Line(b"x" * size, "x" * size, 0, 0)


@given(st.lists(EVENT, max_size=40), st.integers(1, 12), st.sampled_from([500, 2000, 10**9]))
def test_a_ring_is_the_end_of_a_list(events: list[tuple[str, object]], max_lines: int, max_bytes: int) -> None:
    ring = Ring(max_lines, max_bytes)
    told: list[int] = []
    ring.listen(lambda: told.append(ring.next_seq))
    everything: list[Line] = []
    for event, value in events:
        before = len(told)
        if event == "extend" and isinstance(value, list):
            new = [make(size) for size in value]
            everything += new
            ring.extend(new)
            assert len(told) == before + bool(new)
        elif event == "replace" and isinstance(value, int) and everything:
            everything[-1] = make(value)
            ring.replace_last(everything[-1])
            assert len(told) == before + 1
        kept = ring.since(0)
        assert kept == everything[len(everything) - len(kept) :]
        assert [line.seq for line in kept] == list(range(ring.first_seq, ring.next_seq))
        assert len(kept) == len(ring) <= max_lines
        assert ring.bytes == sum(line.cost for line in kept)
        assert ring.bytes <= max_bytes or len(ring) == 1
        assert ring.evicted == ring.first_seq == len(everything) - len(kept)
        assert all(ring[line.seq] is line for line in kept)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_a_part_of_a_ring(count: int, start: int, end: int) -> None:
    ring = Ring(max_lines=10)
    ring.extend(make(1) for _ in range(count))
    assert [line.seq for line in ring.since(start, end)] == [
        seq for seq in range(ring.first_seq, ring.next_seq) if start <= seq < end
    ]
    assert [line.seq for line in ring.since(start)] == [
        seq for seq in range(ring.first_seq, ring.next_seq) if start <= seq
    ]


def test_no_line_outside_the_ring() -> None:
    ring = Ring(max_lines=2)
    with pytest.raises(IndexError):
        ring.replace_last(make(1))
    ring.extend(make(1) for _ in range(3))
    for seq in (-1, 0, 3):
        with pytest.raises(IndexError):
            ring[seq]


def test_who_stopped_listening_is_not_told() -> None:
    ring = Ring()
    told: list[str] = []
    end = ring.listen(lambda: told.append("first"))
    ring.listen(lambda: told.append("second"))
    ring.append(make(1))
    end()
    end()
    ring.append(make(1))
    assert told == ["first", "second", "second"]


@pytest.mark.parametrize(
    ("direction", "flags", "shown"),
    [
        (Direction.RX, Flag.NONE, "Rx <== ping"),
        (Direction.TX, Flag.NONE, "Tx ==> ping"),
        (Direction.TX, Flag.UNSENT, "Tx =X= ping"),
        (Direction.NOTE, Flag.GAP, "--- ping"),
        (Direction.RX, Flag.PARTIAL, "Rx <== ping…"),
        (Direction.RX, Flag.CUT, "Rx <== ping…"),
    ],
)
def test_a_line_in_words(direction: Direction, flags: Flag, shown: str) -> None:
    line = Line(b"ping", "ping", 0, 0, direction=direction, flags=flags)
    assert str(line) == f"{stamp(0)} {shown}"


SOME = st.builds(
    Line,
    st.just(b""),
    st.sampled_from(["ping", "login: "]),
    st.sampled_from([0, 999, 1000, 1_700_000_000_000_001_000]),
    st.just(0),
    direction=st.sampled_from(Direction),
    flags=st.sampled_from([Flag.NONE, Flag.PARTIAL, Flag.CUT, Flag.UNSENT, Flag.GAP]),
)


@given(st.lists(SOME, max_size=8))
def test_many_lines_in_words_are_as_each_alone(lines: list[Line]) -> None:
    assert in_words(lines) == [str(line) for line in lines]


@given(st.lists(st.integers(0, 4_000_000_000_999_999_999), min_size=1, max_size=5))
def test_a_stamp_is_local_time_with_microseconds(moments: list[int]) -> None:
    for ns in moments:
        seconds, rest = divmod(ns, 1_000_000_000)
        assert stamp(ns) == time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) + f".{rest // 1000:06d}"
