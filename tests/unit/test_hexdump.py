"""Hex records hold every byte, and their text is safe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.serial.hexdump import hex_rows
from opsterm.services.text import clean


@given(st.binary(max_size=100) | st.text(max_size=40).map(str.encode), st.sampled_from([8, 16]))
def test_every_byte_stands_in_its_place(raw: bytes, columns: int) -> None:
    rows = list(hex_rows(raw, columns))
    assert b"".join(row.data for row in rows) == raw
    assert [row.offset for row in rows] == list(range(0, len(raw), columns))
    assert b"".join(bytes.fromhex(row.hex(columns)) for row in rows) == raw
    assert len({row.render(columns).index("│") for row in rows}) <= 1
    assert all(clean(row.text) == row.text for row in rows)


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=60), st.sampled_from([8, 16]))
def test_text_stays_whole_over_the_rows(text: str, columns: int) -> None:
    assert "".join(row.text for row in hex_rows(text.encode(), columns)) == clean(text)


@pytest.mark.parametrize(
    ("raw", "columns", "rows"),
    [
        (
            bytes.fromhex("0241542B474D520D0A1B5B41FF"),
            16,
            ["00000000  02 41 54 2B 47 4D 52 0D  0A 1B 5B 41 FF          │ ␂AT+GMR␍␊␛[A\\xFF"],
        ),
        (
            bytes.fromhex("0241542B474D520D0A1B5B41FF"),
            8,
            ["00000000  02 41 54 2B 47 4D 52 0D │ ␂AT+GMR␍", "00000008  0A 1B 5B 41 FF          │ ␊␛[A\\xFF"],
        ),
        (b"\xaaU", 8, ["00000000  AA 55                   │ \\xAAU"]),
        (
            b"1234567\xc3\xbc\xc3",
            8,
            ["00000000  31 32 33 34 35 36 37 C3 │ 1234567", "00000008  BC C3                   │ ü\\xC3"],
        ),
        ("\x7f\u202e\t".encode(), 8, ["00000000  7F E2 80 AE 09          │ ␡<U+202E>␉"]),
        (b"", 16, []),
    ],
)
def test_records(raw: bytes, columns: int, rows: list[str]) -> None:
    assert [row.render(columns) for row in hex_rows(raw, columns)] == rows


def test_the_text_is_in_the_encoding() -> None:
    assert [row.text for row in hex_rows(b"gr\xfcn\x9b1m", 8, "latin-1")] == ["grün<U+009B>1m"]
