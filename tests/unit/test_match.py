"""The filter grammar: what passes, where it is marked, and where a fault is."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.match import BadPatternError, Match, parse, search

WORD = st.text(st.sampled_from("abXY19_-"), min_size=1, max_size=4)
TEXT = st.text(st.sampled_from("abxyXY19_- "), max_size=20)


def holds(word: str, text: str) -> bool:
    return word in text if any(char.isupper() for char in word) else word in text.lower()


@given(st.lists(st.tuples(st.booleans(), WORD), max_size=4), TEXT)
def test_all_terms_must_hold(terms: list[tuple[bool, str]], text: str) -> None:
    match = parse(" ".join(f"{'!' if negated else ''}{word}" for negated, word in terms))
    assert bool(match) is bool(terms)
    assert match.test(text) is all(holds(word, text) is not negated for negated, word in terms)


@given(st.lists(WORD, max_size=3), TEXT)
def test_marks_are_where_the_words_are(words: list[str], text: str) -> None:
    for start, end in parse(" ".join(words)).spans(text):
        assert any(text[start:end].lower() == word.lower() for word in words)


def fault(understand: Callable[[str], Match], source: str) -> int:
    """Where the fault in `source` is; 0 when there is none."""
    try:
        understand(source).test("some text")
    except BadPatternError as error:
        return error.at
    return 0


@given(st.text(max_size=20))
def test_whatever_is_typed_is_a_filter_or_says_where_it_is_not(source: str) -> None:
    assert 0 <= fault(parse, source) <= len(source)
    assert 0 <= fault(search, source) <= len(source)


@pytest.mark.parametrize(
    ("source", "text", "passes"),
    [
        ("", "anything", True),
        ("web", "the WEB", True),
        ("Web", "the web", False),
        (r"\Serror", "an xerror", True),
        (r"\Serror", "an XERROR", True),
        ('"a b"', "xa bx", True),
        ('"a b"', "a  b", False),
        ('!"a b"', "a  b", True),
        ('"unfinished b', "unfinished b", True),
        (r'"say \"hi\""', 'say "hi"', True),
        ("pod:web", "pod:web", True),
        ("http://x", "at http://x/y", True),
        ("!", "a ! b", True),
        ('""', "anything", True),
        ("a|b", "b", True),
    ],
)
def test_the_grammar(source: str, text: str, passes: bool) -> None:
    assert parse(source).test(text) is passes


def test_a_term_for_a_field_looks_only_there() -> None:
    match = parse('!pod:job level:"err or" GET', frozenset({"pod", "level"}))
    row = {"pod": "web", "level": "err or"}
    assert match.test("GET", row)
    assert match.test("GET", row.get)
    assert not match.test("GET", {**row, "pod": "a-job"})
    assert not match.test("GET err or", {"pod": "web"})
    assert not match.test("GET")
    assert match.spans("GET err or job") == [(0, 3)]


@pytest.mark.parametrize(("source", "at"), [("web [", 5), ("a b( c", 4), ('"x *"  "["', 9), ("pod:*x", 5), ("!*", 2)])
def test_a_fault_has_its_place(source: str, at: int) -> None:
    with pytest.raises(BadPatternError) as caught:
        parse(source, frozenset({"pod"}))
    assert caught.value.at == at
    assert str(caught.value) == f"{caught.value.reason} at {at}"


def test_a_search_is_one_expression_with_its_spaces() -> None:
    match = search("a b|!c")
    assert match.spans("xa b !c") == [(1, 4), (5, 7)]
    assert not search("")
    assert match.terms[0].pattern.flags & re.IGNORECASE
