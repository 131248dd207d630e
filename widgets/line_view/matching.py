"""What the view needs of a filter or a search; `opsterm.services.match.Match` is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from opsterm.services.lines import Line

Fields = Callable[[str], str | None] | Mapping[str, str] | None
FieldsOf = Callable[[Line], Fields]
"""Gives the fields of a line that `name:term` may ask for."""


class Matching(Protocol):
    """A condition on text, and where in the text it holds. One that is false holds for everything."""

    def __bool__(self) -> bool: ...

    def test(self, text: str, fields: Fields = None) -> bool:
        """Whether `text` with these fields passes."""
        ...

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Start and end of each place to mark."""
        ...
