"""From bytes to entries: any chunking gives the same, times with any offset are the same moment."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.kube.logs.entries import Entry, Splitter, rfc3339
from opsterm.services.kube.logs.level import level_of
from opsterm.services.lines import Level


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), max_size=10))
def test_chunks_do_not_matter(blob: bytes, sizes: list[int]) -> None:
    whole = Splitter(limit=16)
    expected = whole.feed(blob) + whole.flush()
    split, at, got = Splitter(limit=16), 0, []
    for size in sizes:
        got += split.feed(blob[at : at + size])
        at += size
    got += split.feed(blob[at:]) + split.flush()
    assert got == expected


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),
    st.integers(0, 999_999_999),
    st.integers(-719, 719),
)
def test_a_time_with_any_offset_is_its_moment(moment: datetime, fraction: int, minutes: int) -> None:
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    second = moment.replace(microsecond=0)
    expected = int(datetime.fromisoformat(f"{second.isoformat()}{zone}").timestamp()) * 10**9 + fraction
    entries = Splitter().feed(f"{second.isoformat()}.{fraction:09d}{zone} hello\n".encode())
    assert entries == [Entry(expected, b"hello")]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"2026-11-24T10:44:50Z ", b""),
        (b"2026-11-24T10:44:50.5Z a  b", b"a  b"),
    ],
)
def test_spaces_and_empty_lines_stay(line: bytes, text: bytes) -> None:
    assert Splitter().feed(line + b"\n")[0].raw == text


@pytest.mark.parametrize("line", [b"unable to retrieve logs", b"", b"2026-11-24 x", b"2026-13-24T10:44:50Z x"])
def test_a_line_without_time_is_the_servers_own(line: bytes) -> None:
    assert Splitter().feed(line + b"\n") == [Entry(-1, line)]


def test_a_long_line_is_cut_and_keeps_its_time() -> None:
    entries = Splitter(limit=30).feed(b"2026-11-24T10:44:50Z " + b"x" * 50 + b"\n")
    assert [entry.cut for entry in entries] == [True, True, False]
    assert len({entry.ns for entry in entries}) == 1
    assert b"".join(entry.raw for entry in entries) == b"x" * 50


def test_since_is_the_whole_second() -> None:
    assert rfc3339(1_790_000_000_999_999_999) == "2026-09-21T14:13:20Z"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("2026 ERROR boom", Level.ERROR),
        ('{"level":"warn","msg":"ERRORS"}', Level.WARN),
        ("level=debug msg=x", Level.DEBUG),
        ("E1124 10:44:50.1 1 x.go:1] y", Level.ERROR),
        ("INFO no error here", Level.INFO),
        ("an error in lower case", Level.NONE),
        ("", Level.NONE),
    ],
)
def test_levels(text: str, level: Level) -> None:
    assert level_of(text) is level
