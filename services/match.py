"""The filter grammar that every pane and table shares, and the plain search of `\\`.

Terms stand side by side and must all hold; `!` in front turns one around; quotes keep spaces together; `name:term`
looks into one field only, where the caller has fields. A term is a regular expression, and case counts only when
it holds a capital letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_TERM = re.compile(r'(?P<no>!)?(?:(?P<field>[A-Za-z_][\w.%-]*):)?(?:"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<bare>\S+))')

_WORDS = {"unterminated character set": "unclosed [", "missing ), unterminated subpattern": "unclosed ("}
"""What Python's `re` says, in fewer words."""

Fields = Callable[[str], str | None]
"""Gives the text of a field by its lower-case name, or None for a name that the row does not have."""


class BadPatternError(ValueError):
    """A pattern that does not compile; `at` is the place of the fault in the text typed, from 1 as people count."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(f"{reason} at {at}")
        self.reason = reason
        self.at = at


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a filter."""

    pattern: re.Pattern[str]
    negated: bool = False
    field: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A parsed filter; without terms it matches everything."""

    source: str = ""
    terms: tuple[Term, ...] = ()
    fields: frozenset[str] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return bool(self.terms)

    def test(self, text: str, fields: Fields | Mapping[str, str] | None = None) -> bool:
        """Whether `text` passes; a term for a field looks at that field instead of `text`."""
        for term in self.terms:
            where: str | None = text
            if term.field:
                where = fields.get(term.field) if isinstance(fields, Mapping) else fields and fields(term.field)
            if (term.pattern.search(where or "") is None) is not term.negated:
                return False
        return True

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the positive terms occur in `text`: pairs of start and end, for highlighting."""
        return [
            found.span()
            for term in self.terms
            if not term.negated and not term.field
            for found in term.pattern.finditer(text)
            if found.end() > found.start()
        ]


def parse(source: str, fields: frozenset[str] = frozenset()) -> Match:
    """The filter written in `source`. `fields` names the fields that `name:term` may ask for, in lower case; any
    other `name:` is text to look for. Raises BadPatternError.
    """
    terms = []
    for found in _TERM.finditer(source):
        name = (found["field"] or "").lower()
        value = found["quoted"] if found["quoted"] is not None else found["bare"]
        start = found.start("quoted") if found["quoted"] is not None else found.start("bare")
        if name and name not in fields:
            value, start, name = f"{found['field']}:{value}", found.start("field"), ""
        if value:
            terms.append(Term(_compile(value, start), bool(found["no"]), name))
    return Match(source, tuple(terms), fields)


def search(source: str) -> Match:
    """`source` as one regular expression, spaces and all. Raises BadPatternError."""
    return Match(source, (Term(_compile(source, 0)),) if source else ())


def _compile(pattern: str, offset: int) -> re.Pattern[str]:
    flags = re.NOFLAG if any(char.isupper() for char in re.sub(r"\\.", "", pattern)) else re.IGNORECASE
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise BadPatternError(_WORDS.get(error.msg, error.msg), offset + (error.pos or 0) + 1) from None
