from __future__ import annotations

import json
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.screens.zoom import json_fields


def test_fields_of_a_line_that_is_json() -> None:
    text = '{"level":"error","req":{"path":"/cart","n":[1,2]},"dur_ms":500}'
    assert json_fields(text) == {"level": "error", "req.path": "/cart", "req.n": "[1, 2]", "dur_ms": "500"}


def test_what_stands_before_the_object_is_kept() -> None:
    assert json_fields('INFO {"a": true}') == {"": "INFO", "a": "true"}


@pytest.mark.parametrize("text", ["", "plain", "{broken", "{1}", "a {b} c", "} {", "[1, 2]"])
def test_other_lines_have_no_fields(text: str) -> None:
    assert json_fields(text) is None


def test_rows_of_a_text_stay_rows() -> None:
    assert json_fields(json.dumps({"trace": "one\n\ttwo\r\nthree"})) == {"trace": "one\n        two\nthree"}


def test_what_json_hides_cannot_reach_the_terminal() -> None:
    fields = json_fields(json.dumps({"a": "\x1b]0;x\x07ok", "b\x07": 1}))
    assert fields == {"a": "ok", "b␇": "1"}


@given(st.dictionaries(st.text(min_size=1), st.none() | st.booleans() | st.integers() | st.text()))
def test_any_object_gives_safe_fields(value: dict[str, object]) -> None:
    fields = json_fields(json.dumps(value)) if value else {}
    assert fields is not None
    for text in (*fields, *fields.values()):
        assert not any(category(char) in ("Cc", "Cs") for char in text.replace("\n", ""))
