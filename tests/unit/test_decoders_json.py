"""JSON lines as pairs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.lines import Level, Line
from opsterm.services.serial.decoding.builtin.json import decode


def decoded(text: str) -> Line:
    return decode(Line(b"", text, 1, 2))


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ('{"b":1,"a":"x"}', "b=1 a=x"),
        ('{"msg":"low battery","v":3.70,"ok":false,"no":null}', 'msg="low battery" v=3.7 ok=false no=null'),
        (' {"cells":[1, 2],"at":{"x": 1, "y": "a b"}} ', 'cells=[1,2] at={"x":1,"y":"a b"}'),
        ('{"a b":"","q":"a=b","grün":"ü"}', '"a b"="" q="a=b" grün=ü'),
        ('{"esc":"\\u001b[2J"}', 'esc="\\u001b[2J"'),
        ("{}", "{}"),
        ('{"open":"[1","set":"{}","mid":"a[0]"}', 'open="[1" set="{}" mid=a[0]'),
    ],
)
def test_an_object_as_pairs(text: str, pairs: str) -> None:
    assert decoded(text).text == pairs


@pytest.mark.parametrize(
    "text", ["", "hello", "[1,2]", "12", '"x"', "{", '{"a":', '{"a":1} x', "[" * 9000, '{"a":' * 9000]
)
def test_anything_else_stays(text: str) -> None:
    assert decoded(text).text == text
    assert decoded(text).level is Level.NONE


@pytest.mark.parametrize(
    ("pair", "level"),
    [
        ('"level":"warning"', Level.WARN),
        ('"lvl":"E"', Level.ERROR),
        ('"severity":"CRITICAL"', Level.ERROR),
        ('"levelname":"DEBUG"', Level.DEBUG),
        ('"level":"info","severity":"error"', Level.INFO),
        ('"level":30', Level.INFO),
        ('"level":50', Level.ERROR),
        ('"level":20', Level.DEBUG),
        ('"level":3', Level.ERROR),
        ('"level":4', Level.WARN),
        ('"level":-1', Level.NONE),
        ('"level":8', Level.NONE),
        ('"level":true', Level.NONE),
        ('"level":""', Level.NONE),
        ('"level":"loud"', Level.NONE),
        ('"msg":"error"', Level.NONE),
    ],
)
def test_the_level_is_that_of_the_object(pair: str, level: Level) -> None:
    assert decoded(f"{{{pair}}}").level is level


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read_one(text: str, ends: str) -> tuple[object, str]:
    """What stands at the beginning of `text`, JSON or bare, and the rest."""
    if text[0] in '"[{':
        value, end = json.JSONDecoder().raw_decode(text)
    else:
        end = next((at for at, char in enumerate(text) if char in ends), len(text))
        value = text[:end]
    return value, text[end:]


def is_shown_as(value: object, shown: object) -> bool:
    return shown == (value if isinstance(value, str | list | dict) else json.dumps(value))


@given(st.dictionaries(st.text(), VALUE, min_size=1, max_size=5))
def test_any_object_can_be_read_from_its_pairs(found: dict[str, object]) -> None:
    rest = decoded(json.dumps(found)).text
    for key, value in found.items():
        shown, rest = read_one(rest, "=")
        assert shown == key
        assert rest[0] == "="
        shown, rest = read_one(rest[1:], " ")
        assert is_shown_as(value, shown)
        rest = rest.removeprefix(" ")
    assert rest == ""
