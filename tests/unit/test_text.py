"""Whatever comes in, one line of harmless text comes out, and nothing that could be read is lost."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsterm.services.text import clean, decode, decode_all

HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
PIECES = [
    "\x1b",
    "\x1b[",
    "\x1b]",
    "\x1bP",
    "\x1b\\",
    "\x07",
    "\x9b",
    "\x9d",
    "\x9c",
    "31",
    ";",
    "m",
    "0",
    "abc",
    "\t",
    "\r",
]
NOISE = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=12).map("".join)


@given(NOISE)
@example("\x1b\x1b[31m[2J")
@example("\x1b]0;title")
def test_nothing_that_a_terminal_obeys_comes_out(text: str) -> None:
    cleaned = clean(text)
    assert not HARMFUL.search(cleaned)
    assert not any(unicodedata.bidirectional(char) in {"LRE", "RLE", "PDF", "LRO", "RLO"} for char in cleaned)
    assert len(cleaned.splitlines()) <= 1


@given(NOISE)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=30))
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    harmless = "".join(char for char in text if not 0xE0000 <= ord(char) <= 0xE007F)
    assert clean(harmless) == harmless


@given(st.binary(max_size=60), st.sampled_from(["utf-8", "ascii", "latin-1", "cp437", "utf-16-le", "shift_jis"]))
def test_any_bytes_in_any_encoding_become_a_line(raw: bytes, encoding: str) -> None:
    assert not HARMFUL.search(decode(raw, encoding))


@given(st.lists(st.one_of(st.binary(max_size=20), NOISE.map(lambda text: text.encode("utf-8", "replace")))))
@example([b"plain", b"", b"plain too"])
@example([b"a line\nin two", b"plain"])
def test_many_at_once_are_as_each_alone(raws: list[bytes]) -> None:
    assert decode_all(raws) == [decode(raw) for raw in raws]


def test_what_is_printable_needs_nothing_done_to_it() -> None:
    for char in filter(str.isprintable, map(chr, range(sys.maxunicode + 1))):
        assert clean(char + "\0") == char + "␀"  # the NUL has it looked at


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain [/red] [bold", "plain [/red] [bold"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07after", "after"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]52;c;Zm9v", ""),
        (b"\x1bPq#0\x1b\\after", "after"),
        (b"\x1b(Bafter\x1b=", "after"),
        ("\x9b31mred".encode(), "red"),
        (b"a\tb", "a       b"),
        (b"\x02A\x00\x7f\x1b", "\u2402A\u2400\u2421\u241b"),
        (b"50%\r100%", "50%\u240d100%"),
        (b"\xff\xfe ok", "\\xFF\\xFE ok"),
        (b"caf\xc3", "caf\\xC3"),
        ("a\u202eb\u200bc".encode(), "a<U+202E>b<U+200B>c"),
        ("漢字 é 🙂".encode(), "漢字 é 🙂"),
    ],
)
def test_what_is_shown(raw: bytes, shown: str) -> None:
    assert decode(raw) == shown
