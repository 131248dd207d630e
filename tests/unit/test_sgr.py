"""The colours of a device: where they stand in the safe text, and that nothing else gets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.sgr import PLAIN, Sgr, changed, runs
from opsterm.services.text import decode


def looks(raw: bytes) -> list[tuple[str, Sgr]]:
    text = decode(raw)
    return [(text[start:end], look) for start, end, look in runs(raw, text)]


def test_each_part_has_its_look() -> None:
    assert looks(b"a \x1b[1;31mfatal\x1b[0m b \x1b[38;5;208mwarm\x1b[39m c") == [
        ("fatal", Sgr(colour=1, bold=True)),
        ("warm", Sgr(colour=208)),
    ]


def test_places_are_those_of_the_text_that_is_shown() -> None:
    raw = b"\ta\x02\x1b]0;title\x07\x1b[2J\x1b[32mok\xff\x1b[m \x1b[7mrest"
    assert looks(raw) == [("ok\\xFF", Sgr(colour=2)), ("rest", Sgr(reverse=True))]


@pytest.mark.parametrize(
    ("parameters", "look"),
    [
        ("", PLAIN),
        ("38;2;1;2;3", Sgr(colour=(1, 2, 3))),
        ("48:5:16", Sgr(background=16)),
        ("97;104", Sgr(colour=15, background=12)),
        ("1;2;3;4;7;9", Sgr(bold=True, dim=True, italic=True, underline=True, reverse=True, strike=True)),
        ("1;4;22;24", PLAIN),
        ("38;5;256", PLAIN),
        ("38;2;1;2", PLAIN),
        ("38", PLAIN),
        ("1234567;31", Sgr(colour=1)),
    ],
)
def test_parameters(parameters: str, look: Sgr) -> None:
    assert changed(PLAIN, parameters) == look


def test_text_that_is_not_that_of_the_bytes_has_no_colours() -> None:
    assert runs(b"\x1b[31mcaf\xe9", "something else") == ()
    assert runs(b"\x1b[31mcaf\xe9", "café", "latin-1") == ((0, 4, Sgr(colour=1)),)


@given(st.lists(st.sampled_from([b"\x1b[", b"31", b"m", b";", b"\x1b]", b"\x07", b"x", b"\t", b"\xff", b"\x1b[0m"])))
def test_runs_lie_in_the_text_in_order_whatever_comes(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    text = decode(raw)
    last = 0
    for start, end, look in runs(raw, text):
        assert last <= start < end <= len(text)
        assert look != PLAIN
        last = end
