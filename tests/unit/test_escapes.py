"""What is typed becomes bytes, and bytes what one would type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.serial.escapes import BadInputError, parse_escapes, parse_hex, show_escapes, show_hex
from opsterm.services.text import clean

BYTES = st.binary(max_size=50) | st.text(max_size=20).map(str.encode)


@given(BYTES)
def test_what_is_shown_can_be_typed(raw: bytes) -> None:
    assert parse_escapes(show_escapes(raw)) == raw
    assert parse_hex(show_hex(raw)) == raw
    assert clean(show_escapes(raw)) == show_escapes(raw)


@given(st.text(max_size=30), st.sampled_from(["utf-8", "latin-1", "cp1252"]))
def test_any_text_is_bytes_or_one_clear_error(text: str, encoding: str) -> None:
    errors = []
    for parse in (lambda: parse_escapes(text, encoding), lambda: parse_hex(text)):
        try:
            parse()
        except BadInputError as error:
            errors.append(error)
    assert all(0 <= error.at < len(text) for error in errors)
    assert not any("\n" in str(error) for error in errors)


@given(st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"]), max_size=30))
def test_text_without_escapes_is_itself(text: str) -> None:
    assert parse_escapes(text) == text.encode()


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        (r"\x1b[A", b"\x1b[A"),
        (r"AT\r\n", b"AT\r\n"),
        (r"\t\0\\n", b"\t\0\\n"),
        (r"\xfF\u{20AC}ü", b"\xff\xe2\x82\xac\xc3\xbc"),
        ("", b""),
    ],
)
def test_escapes(text: str, raw: bytes) -> None:
    assert parse_escapes(text) == raw


def test_code_points_are_in_the_encoding_and_bytes_are_not() -> None:
    assert parse_escapes(r"\u{20AC}\xE2", "cp1252") == b"\x80\xe2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (r"a\q", r"Not sent: '\q' is no escape such as \n, \xHH or \u{...} at character 2."),
        ("ab\\", r"Not sent: '\' is no escape such as \n, \xHH or \u{...} at character 3."),
        (r"\x1", r"Not sent: '\x' is no escape such as \n, \xHH or \u{...} at character 1."),
        (r"\u{110000}", "Not sent: no character has the code 110000 at character 1."),
        (r"\u{D800}", "Not sent: no character has the code D800 at character 1."),
        (r"\n\u{20AC}", "Not sent: latin-1 has no '€' at character 3."),
        ("ab€", "Not sent: latin-1 has no '€' at character 3."),
    ],
)
def test_what_is_wrong_and_where(text: str, says: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_escapes(text, "latin-1")
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("text", "raw"), [("48 65 6C", b"Hel"), ("$AA 55", b"\xaa\x55"), (" 0x0d0A\t$ff ", b"\r\n\xff"), ("", b"")]
)
def test_hex(text: str, raw: bytes) -> None:
    assert parse_hex(text) == raw


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("48 6", "Not sent: '6' is no pair of hexadecimal digits at character 4."),
        ("$AA5", "Not sent: '5' is no pair of hexadecimal digits at character 4."),
        ("AA $", "Not sent: '$' is no pair of hexadecimal digits at character 5."),
        ("AAGG", "Not sent: 'GG' is no pair of hexadecimal digits at character 3."),
        ("AA ٣٣", "Not sent: '٣٣' is no pair of hexadecimal digits at character 4."),
    ],
)
def test_what_is_no_hex_and_where(text: str, says: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_hex(text)
    assert str(caught.value) == says
