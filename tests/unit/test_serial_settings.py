"""Settings that can be and settings that cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.settings import MAX_BAUD, MIN_BAUD, Ending, Settings, parse_baud


@given(st.integers(MIN_BAUD, MAX_BAUD))
def test_every_baud_rate_between_the_limits_is_one(baud: int) -> None:
    assert parse_baud(f" {baud} ") == baud
    assert Settings("/dev/ttyUSB0", baud).baud == baud


@pytest.mark.parametrize("text", ["96OO", "", "0", "49", "20000001", "-9600", "9600.5", "1e5", "٩٦٠٠", "9" * 5000])
def test_what_is_no_baud_rate_is_said_in_one_sentence(text: str) -> None:
    with pytest.raises(BadSettingError) as caught:
        parse_baud(text)
    assert caught.value.reason == f"Invalid baud rate '{text}': a whole number from 50 to 20000000."


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"baud": 1}, "Invalid baud rate '1'"),
        ({"data_bits": 9}, "Invalid number of data bits '9'"),
        ({"parity": "X"}, "Invalid parity 'X'"),
        ({"parity": "NE"}, "Invalid parity 'NE'"),
        ({"parity": ""}, "Invalid parity ''"),
        ({"stop_bits": 3}, "Invalid number of stop bits '3'"),
        ({"flow": "dtr"}, "Invalid flow control 'dtr'"),
        ({"encoding": "klingon"}, "Invalid encoding 'klingon'"),
        ({"encoding": "hex"}, "Invalid encoding 'hex'"),
        ({"encoding": "a\0b"}, "Invalid encoding 'a␀b'"),
        ({"encoding": "utf-16"}, "Invalid encoding 'utf-16': a codec that keeps ASCII."),
        ({"encoding": "idna"}, "Invalid encoding 'idna'"),
        ({"port": ""}, "No port given"),
    ],
)
def test_other_settings_are_checked(changed: dict[str, object], said: str) -> None:
    with pytest.raises(BadSettingError) as caught:
        Settings(**{"port": "/dev/ttyUSB0", **changed})  # type: ignore[arg-type]
    assert caught.value.reason.startswith(said)


def test_the_frame_in_short() -> None:
    assert Settings("x").frame == "8N1"
    assert Settings("x", data_bits=7, parity="E", stop_bits=1.5).frame == "7E1.5"


def test_endings_have_names_and_bytes() -> None:
    assert [(ending.label, ending.value) for ending in Ending] == [
        ("none", b""),
        ("LF", b"\n"),
        ("CR", b"\r"),
        ("CRLF", b"\r\n"),
    ]


def test_a_slow_line_is_given_longer_to_finish_a_line() -> None:
    assert Settings("x", 115200).quiet_seconds == pytest.approx(0.05)
    assert Settings("x", 300).quiet_seconds == pytest.approx(0.667, abs=0.001)
