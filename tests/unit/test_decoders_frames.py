"""SLIP and COBS: what was encoded comes back, however it is chunked, and nothing else raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.lines import Flag, Level, Line
from opsterm.services.serial.decoding.builtin import cobs, slip
from opsterm.services.serial.framing import Framing, LineAssembler

PAYLOAD = st.binary(max_size=40) | st.lists(st.sampled_from(b"\0\xc0\xdb\xdc\xdda"), max_size=20).map(bytes)
LONG = st.tuples(st.binary(max_size=3), st.integers(0, 600), st.binary(max_size=3)).map(
    lambda parts: parts[0] + b"x" * parts[1] + parts[2]
)
CUTS = st.lists(st.integers(1, 9), max_size=60)


def slip_encoded(payload: bytes) -> bytes:
    """As RFC 1055 sends it."""
    return payload.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")


def cobs_encoded(payload: bytes) -> bytes:
    """As the authors' paper tells: each block is its length plus one, and the bytes up to the next zero."""
    encoded = bytearray()
    rest = payload + b"\0"
    while rest:
        block = rest[:254].partition(b"\0")[0]
        encoded += bytes([len(block) + 1]) + block
        rest = rest[len(block) + (len(block) < 254) :]
        if len(block) == 254 and rest == b"\0":
            break  # the last block was full, and the zero is not part of the payload
    return bytes(encoded)


def line_of(raw: bytes, flags: Flag = Flag.NONE) -> Line:
    return Line(raw, "", 1, 2, "bus", flags=flags)


def as_list(found: Line | list[Line] | None) -> list[Line]:
    return [] if found is None else found if isinstance(found, list) else [found]


def over_the_wire(data: bytes, sizes: list[int], framing: str) -> list[Line]:
    assembler = LineAssembler(framing=Framing.parse(framing))
    lines: list[Line] = []
    for number, size in enumerate([*sizes, max(1, len(data))]):
        lines += assembler.feed(data[:size], number)
        data = data[size:]
    assert assembler.close() is None
    return lines


@given(st.lists(PAYLOAD | LONG, max_size=6), CUTS)
def test_slip_frames_come_back(payloads: list[bytes], sizes: list[int]) -> None:
    data = b"".join(b"\xc0" + slip_encoded(payload) + b"\xc0" for payload in payloads)
    decoded = [found for line in over_the_wire(data, sizes, "byte:C0") for found in as_list(slip.decode(line))]
    assert [line.raw for line in decoded] == [payload for payload in payloads if payload]
    assert all(line.level is Level.NONE for line in decoded)


@given(st.lists(PAYLOAD | LONG, max_size=6), CUTS)
def test_cobs_frames_come_back(payloads: list[bytes], sizes: list[int]) -> None:
    data = b"".join(cobs_encoded(payload) + b"\0" for payload in payloads)
    decoded = [found for line in over_the_wire(data, sizes, "nul") for found in as_list(cobs.decode(line))]
    assert [line.raw for line in decoded] == payloads
    assert all(line.level is Level.NONE for line in decoded)


@given(st.lists(PAYLOAD, max_size=6))
def test_frames_in_one_line_are_a_line_each(payloads: list[bytes]) -> None:
    together = line_of(b"\xc0".join(slip_encoded(payload) for payload in payloads))
    assert [line.raw for line in as_list(slip.decode(together))] == [payload for payload in payloads if payload]
    together = line_of(b"\0".join(cobs_encoded(payload) for payload in payloads))
    assert [line.raw for line in as_list(cobs.decode(together))] == payloads


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_marked(raw: bytes) -> None:
    for decode in (slip.decode, cobs.decode):
        for line in as_list(decode(line_of(raw))):
            assert (line.level is Level.WARN) == line.text.startswith("malformed, ")
            assert (line.first_ns, line.last_ns, line.source) == (1, 2, "bus")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"a\xdbb", "malformed, DB 62: 61 DB 62"),
        (b"a\xdb", "malformed, DB at the end: 61 DB"),
        (b"\xdb\xdc\xdb\xdd", "C0 DB"),
        (b"hello\r\n", "hello"),
        (b"hello\x07", "68 65 6C 6C 6F 07"),
    ],
)
def test_slip_in_words(raw: bytes, text: str) -> None:
    assert [line.text for line in as_list(slip.decode(line_of(raw)))] == [text]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x03\x11\x22\x02\x33", "11 22 00 33"),
        (b"\x01\x01\x01", "00 00"),
        (b"\x06hello", "hello"),
        (b"\x05ab", "malformed, 2 bytes missing: 05 61 62"),
        (b"\x02", "malformed, 1 bytes missing: 02"),
    ],
)
def test_cobs_in_words(raw: bytes, text: str) -> None:
    assert [line.text for line in as_list(cobs.decode(line_of(raw)))] == [text]


@pytest.mark.parametrize("decode", [slip.decode, cobs.decode])
def test_a_frame_that_was_cut_is_marked(decode: object) -> None:
    assert callable(decode)
    found = decode(line_of(b"\x02a", Flag.CUT))
    assert (found.text, found.level) == ("malformed, longer than a line may be: 02 61", Level.WARN)
