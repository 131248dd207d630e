"""What a capture file holds: any line comes back from a record as it was, and rows as they were shown."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.lines import Direction, Flag, Level, Line
from opsterm.services.serial.forms import Form, JsonRenderer, PlainRenderer
from opsterm.services.serial.records import NotARecordError, from_json, from_plain, to_json
from opsterm.services.text import decode

NS = st.integers(0, 4_000_000_000_000_000_000)
FLAGS = st.lists(st.sampled_from(list(Flag)), max_size=3).map(lambda some: Flag(sum(set(some))))


@st.composite
def lines(draw: st.DrawFn) -> Line:
    raw = draw(st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
    first = draw(NS)
    text = decode(raw, draw(st.sampled_from(["utf-8", "latin-1", "cp1252"])))
    last = first + draw(st.integers(0, 10**9))
    source = draw(st.sampled_from(["", "/dev/ttyUSB0"]))
    return Line(
        raw, text, first, last, source, draw(st.sampled_from(Direction)), draw(st.sampled_from(Level)), draw(FLAGS)
    )


@given(lines(), st.booleans())
def test_a_record_gives_the_line_back(line: Line, replaces: bool) -> None:
    data = to_json(line, replaces)
    assert b"\n" not in data
    assert from_json(data) == (line, replaces)


@given(lines())
def test_a_row_gives_the_row_back(line: Line) -> None:
    assert str(from_plain(str(line).encode())) == str(line)


def test_a_record_reads_well() -> None:
    line = Line(b"\xaaU", "\\xAAU", 1_598_870_690_995_281_123, 1_598_870_690_995_281_123, "/dev/rfcomm0")
    assert json.loads(to_json(line)) == {
        "time": "2020-08-31T10:44:50.995281+00:00",
        "ns": 1_598_870_690_995_281_123,
        "dir": "rx",
        "text": "\\xAAU",
        "source": "/dev/rfcomm0",
        "raw": "qlU=",
    }


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"time":"","ns":1,"dir":"up","text":""}', b"\xff"])
def test_what_is_no_record_is_told(data: bytes) -> None:
    with pytest.raises(NotARecordError):
        from_json(data)
    with pytest.raises(NotARecordError):
        from_plain(data)


@pytest.mark.parametrize(
    "row", ["2020-13-31 10:44:50.995281 Rx <== x", "2020-08-31 10:44:50.995281 Rx <=x", "login: "]
)
def test_what_is_no_row_is_told(row: str) -> None:
    with pytest.raises(NotARecordError):
        from_plain(row.encode())


@given(st.lists(st.text(string.ascii_letters, min_size=1, max_size=4), min_size=1, max_size=5), st.booleans())
def test_a_row_that_grows_is_one_row(parts: list[str], is_closed: bool) -> None:
    plain, records = PlainRenderer(), JsonRenderer()
    rows, found = b"", b""
    for count in range(1, len(parts) + 1):
        text = "".join(parts[:count])
        growing = count < len(parts)
        line = Line(text.encode(), text, 1, 1, flags=Flag.NONE if is_closed and not growing else Flag.PARTIAL)
        rows += plain.render(line, growing)
        found += records.render(line, growing)
    assert rows == f"{line}\n".encode()
    assert [from_json(each)[1] for each in found.splitlines()] == [False] + [True] * (len(parts) - 1)


def test_a_row_that_reads_otherwise_when_it_has_grown_is_begun_anew() -> None:
    renderer = PlainRenderer()
    early = Line(b"\xc3", "\\xC3", 1, 1, flags=Flag.PARTIAL)
    late = Line(b"\xc3\xbc", "ü", 1, 1)
    rows = renderer.render(early, True) + renderer.render(late, False)
    assert rows == f"{early}\n{late}\n".encode()


@pytest.mark.parametrize(
    ("path", "form"), [("a.txt", Form.PLAIN), ("a.BIN", Form.RAW), ("b/a.jsonl", Form.JSON), ("a", Form.PLAIN)]
)
def test_the_ending_of_the_name_chooses_the_form(path: str, form: Form) -> None:
    assert Form.of(path) is form
