"""What macros may say, and the steps that they become."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.serial.escapes import BadInputError
from opsterm.services.serial.macros import BadMacroError, Macro, Mode, parse_texts
from opsterm.services.serial.script import Break, Step, Switch


def steps(text: str, *words: str, mode: Mode = Mode.TEXT) -> tuple[Step, ...]:
    return Macro("m", parse_texts([text], mode), mode).steps(words, "/dev/ttyUSB0")


def test_commands_stand_between_lines() -> None:
    assert steps(r"AT${wait /O\/K}?/ 2s} ${delay 100}+RST ${break}${break 500} ${dtr 0}${rts 1}") == (
        Step(send="AT"),
        Step(wait=re.compile(r"O\/K}?"), timeout=2.0),
        Step(pause=0.1),
        Step(send="+RST"),
        Step(act=Break(0.25)),
        Step(act=Break(0.5)),
        Step(act=Switch("dtr", False)),
        Step(act=Switch("rts", True)),
    )


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("1.5s", 1.5)])
def test_how_long_to_wait(text: str, seconds: float) -> None:
    assert steps(f"${{wait /x/ {text}}}") == (Step(wait=re.compile("x"), timeout=seconds),)


def test_a_wait_without_a_time_has_that_of_scripts() -> None:
    assert steps("${wait /x/}") == (Step(wait=re.compile("x")),)


@pytest.mark.parametrize(
    ("text", "words", "sent"),
    [
        ("READ {1} {2} {1}", ("a", "{1}"), "READ a {1} a"),
        ("on {port}", (), "on /dev/ttyUSB0"),
        ('{"cmd": {1}}', ("7",), '{"cmd": 7}'),
        ("{0} {10} {x} {} {{1}} {{port}}", (), "{0} {10} {x} {} {1} {port}"),
        ("cost $${delay 100}", (), "cost ${delay 100}"),
        ("", (), ""),
        (" as it is ", (), " as it is "),
    ],
)
def test_what_is_filled_in(text: str, words: tuple[str, ...], sent: str) -> None:
    assert steps(text, *words) == (Step(send=sent),)


def test_date_and_time_are_of_now() -> None:
    (step,) = steps("{date}T{time}")
    assert isinstance(step.send, str)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", step.send)


def test_escapes_and_hex_become_bytes() -> None:
    assert steps(r"hello\x1b{1}", r"\n", mode=Mode.ESCAPES) == (Step(send=b"hello\x1b\n"),)
    assert steps("$AA 55${delay 1}{1}", "0D", mode=Mode.HEX) == (
        Step(send=b"\xaa\x55", bare=True),
        Step(pause=0.001),
        Step(send=b"\r", bare=True),
    )
    with pytest.raises(BadInputError, match="'XY' is no pair of hexadecimal digits"):
        steps("{1}", "XY", mode=Mode.HEX)


@pytest.mark.parametrize("words", [(), ("a",), ("a", "b", "c")])
def test_too_few_words_and_too_many(words: tuple[str, ...]) -> None:
    with pytest.raises(BadMacroError, match=f"m takes 2 parameters, not {len(words)}"):
        steps("{2} {1}", *words)


@pytest.mark.parametrize(
    "text", ["${", "${}", "${delay}", "${delay x}", "${wait OK}", "${wait //}", "${dtr}", "${dtr 2}", "${wait /x/ 2}"]
)
def test_what_is_no_command(text: str) -> None:
    with pytest.raises(BadMacroError, match="is none of"):
        parse_texts([text], Mode.TEXT)


@given(st.text(st.characters(exclude_characters="\r\n{$")))
def test_any_other_text_is_sent_as_it_is(text: str) -> None:
    assert steps(text) == (Step(send=text),)


@given(st.text("${}/ab1 \\wit", max_size=40))
def test_nothing_but_its_own_error_comes_of_any_text(text: str) -> None:
    try:
        parts = parse_texts([text], Mode.TEXT)
    except BadMacroError:
        return
    assert parts
