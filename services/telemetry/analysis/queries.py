r"""Queries and addresses without what differs from one to the next, and how often each ran.

Of SQL the literals, numbers and parameters become `?`, lists `(?)`, comments go, words keep their case. Of an address
the parts that look like the number of something become `*`, and what follows `?` or `#` goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from opsterm.services.telemetry.analysis.operations import Kind, is_query, kind_of
from opsterm.services.telemetry.model import Span, Transaction

_TOKEN = re.compile(
    r"""
      (?P<space> (?: [\s␊␍␉] | --[^\n␊]{0,200}+[\n␊] | /\*.*?(?:\*/|\Z) )++ )
    | (?P<kept> "(?:[^"]++|"")*+"? | `[^`]*+`? | ::\s?\w+ )
    | (?P<literal>
          [bBeEnNxX]?'(?:[^'\\]++|''|\\.)*+'?
        | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
        | %s(?!\w) | %\(\w+\)s | (?<!\w)[$?]\d+(?!\w) | (?<!:):\w+ | (?<![\w@])@\w+ | \?
        | (?<![\w$]) (?: 0[xX][0-9a-fA-F]+ | \d+(?:\.\d*)?(?:[eE][+-]?\d+)? | \.\d+(?:[eE][+-]?\d+)? ) (?!\w)
      )
    | (?P<words> [^\W\d][\w$]*+ (?: (?:[ ]|\.|,[ ]?) (?![bBeEnNxX]') [^\W\d][\w$]*+ )*+ )
    """,
    re.VERBOSE | re.DOTALL,
)
"""Newlines and tabs may be their pictures: they are what safe text has of them. A comment that ends with its line is
left where the line has no end, for then nobody knows where it ended. Words are passed over as many at once as
possible: most of a query is words."""
_SIGN = re.compile(r"(?<=[=<>(,])( ?)[-+] ?\?")
_LIST = re.compile(
    r"\b(IN|VALUES|ARRAY|ANY) ?([(\[]) ?\?(?: ?, ?\?)*+ ?([)\]])(?: ?, ?\( ?\?(?: ?, ?\?)*+ ?\))*+", re.IGNORECASE
)
_SAVEPOINT = re.compile(r"\b(SAVEPOINT) (?:\"[^\"]*\"|[^ ;\"]+)", re.IGNORECASE)
_ROUNDS = 20
"""Enough for any query that is one; of others, what is left may be read anew, as in `$1@a`."""
_ID = re.compile(
    r"\d+|(?=[^/]*\d)[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|(?=[^/]*\d)[\w.~-]{20,}|\*",
)
"""A number, a hash, a UUID, or a long word with a digit in it."""
_CUT = ("...", "…")


@lru_cache(maxsize=1024)
def normalise_sql(sql: str) -> str:
    """`sql` as all queries of its shape are. Doing it twice changes nothing; never raises, whatever `sql` is."""
    for _ in range(_ROUNDS):
        text = _once(sql)
        if text == sql:
            break
        sql = text
    return sql


def _once(sql: str) -> str:
    text = _TOKEN.sub(_shape, sql).strip(" ;")
    text = _SIGN.sub(r"\1?", text)
    text = _SAVEPOINT.sub(r"\1 ?", text)
    return _LIST.sub(r"\1 \2?\3", text)


def _shape(match: re.Match[str]) -> str:
    found = match.lastgroup
    if found == "space":
        return " "
    return "?" if found in ("literal", "tag") else match[0]


@lru_cache(maxsize=1024)
def normalise_url(text: str) -> str:
    """An address, perhaps with a method before it, such as `GET https://shop/item/7?x=1`, as `GET https://shop/item/*`."""
    method, space, address = text.rpartition(" ")
    address = re.split(r"[?#]", address, maxsplit=1)[0]
    scheme, slashes, rest = address.rpartition("://")
    host, *parts = rest.split("/")
    path = ["*" if _ID.fullmatch(part) else part for part in parts]
    return method + space + scheme + slashes + "/".join([host, *path])


def similar(span: Span) -> str:
    """What `span` did, in the words of all that did the like."""
    kind = kind_of(span.op)
    if is_query(span.op):
        return normalise_sql(span.description)
    return normalise_url(span.description) if kind is Kind.HTTP else span.description


def abbreviated(query: str) -> str:
    """A normalised query without its columns: `SELECT … FROM item WHERE id = ?`."""
    if not query[:7].casefold().startswith("select "):
        return query
    depth = 0
    for match in re.finditer(r"[()]|\bFROM\b", query, re.IGNORECASE):
        if match[0] in "()":
            depth += 1 if match[0] == "(" else -1
        elif depth <= 0:
            return f"{query[:6]} … {query[match.start() :]}"
    return query


def is_cut(text: str) -> bool:
    """Whether `text` is only the beginning of what was there."""
    return text.endswith(_CUT)


@dataclass(frozen=True, slots=True)
class Repeated:
    """Spans of one transaction that did the like. Times are seconds."""

    text: str
    """The normalised query or address."""
    spans: tuple[Span, ...]
    """By their start."""

    @property
    def count(self) -> int:
        """How often it ran."""
        return len(self.spans)

    @property
    def seconds(self) -> float:
        """How long all of them took together."""
        return sum(span.seconds for span in self.spans)

    @property
    def longest(self) -> float:
        """How long the slowest took."""
        return max(span.seconds for span in self.spans)


def queries(transaction: Transaction) -> Sequence[Repeated]:
    """The database queries of a transaction, those that took the most time together first."""
    return _repeated(span for span in transaction.spans if is_query(span.op))


def requests(transaction: Transaction) -> Sequence[Repeated]:
    """What a transaction asked of others over the network, in the same way."""
    return _repeated(span for span in transaction.spans if kind_of(span.op) is Kind.HTTP)


def _repeated(spans: Iterable[Span]) -> list[Repeated]:
    found: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda each: each.start):
        found.setdefault(similar(span), []).append(span)
    repeated = [Repeated(text, tuple(each)) for text, each in found.items()]
    return sorted(repeated, key=lambda each: -each.seconds)
