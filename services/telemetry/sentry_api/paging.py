"""Pages of an answer, by the Link header (docs.sentry.io/api/pagination)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")

_LINK = re.compile(r"<[^<>]*>((?:\s*;\s*[\w-]+=\"[^\"]*\")+)")
_PART = re.compile(r"([\w-]+)=\"([^\"]*)\"")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and by what the next page is asked for; `cursor` is empty on the last one."""

    rows: tuple[Row, ...]
    cursor: str = ""
    unreadable: int = 0
    """Rows that were not what they should be, and are left out."""


def next_cursor(link: str) -> str:
    """The cursor of the next page; empty where the header tells of none, or that it has no results.

    The addresses in the header are not used: a token goes only where it was meant to.
    """
    for found in _LINK.finditer(link):
        parts: dict[str, str] = dict(_PART.findall(found[1]))
        if parts.get("rel") == "next" and parts.get("results") == "true":
            return parts.get("cursor", "")
    return ""
