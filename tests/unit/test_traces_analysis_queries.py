"""Queries and addresses lose what differs from one to the next, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.telemetry.analysis.queries import (
    abbreviated,
    is_cut,
    normalise_sql,
    normalise_url,
    queries,
    requests,
    similar,
)
from opsterm.services.telemetry.model import Span, Transaction


@pytest.mark.parametrize(
    ("sql", "normalised"),
    [
        ("SELECT * FROM item WHERE id = 7", "SELECT * FROM item WHERE id = ?"),
        ("SELECT * FROM item WHERE id = %s", "SELECT * FROM item WHERE id = ?"),
        ("SELECT * FROM item WHERE id = %(id)s", "SELECT * FROM item WHERE id = ?"),
        ("SELECT * FROM item WHERE id = $12", "SELECT * FROM item WHERE id = ?"),
        ("SELECT * FROM item WHERE id = ?1", "SELECT * FROM item WHERE id = ?"),
        ("SELECT * FROM item WHERE id = :id", "SELECT * FROM item WHERE id = ?"),
        ("select a from t where n = 'it''s' and m = 'a\\'b'", "select a from t where n = ? and m = ?"),
        ("SELECT a FROM t WHERE n = 'not ended", "SELECT a FROM t WHERE n = ?"),
        ("SELECT a FROM t WHERE x > -1.5e3 AND y = 0xFF", "SELECT a FROM t WHERE x > ? AND y = ?"),
        ("SELECT a - 1 FROM t2", "SELECT a - ? FROM t2"),
        ("SELECT x1, t3.c4 FROM table_5", "SELECT x1, t3.c4 FROM table_5"),
        ("SELECT a FROM t WHERE id IN (1, 2, 3)", "SELECT a FROM t WHERE id IN (?)"),
        ("SELECT a FROM t WHERE id in ('a','b')", "SELECT a FROM t WHERE id in (?)"),
        ("INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')", "INSERT INTO t (a, b) VALUES (?)"),
        ("SELECT coalesce(?, ?)", "SELECT coalesce(?, ?)"),
        ("SELECT  a\n\tFROM   t ;", "SELECT a FROM t"),
        ("SELECT a␊FROM t", "SELECT a FROM t"),
        ("SELECT a /* who='me' */ FROM t", "SELECT a FROM t"),
        ("SELECT a -- what\nFROM t", "SELECT a FROM t"),
        ("SELECT a -- what FROM t WHERE x", "SELECT a -- what FROM t WHERE x"),
        ("SELECT '1'::int, a::text FROM t", "SELECT ?::int, a::text FROM t"),
        ("SELECT \"it's\", `b'c` FROM t", "SELECT \"it's\", `b'c` FROM t"),
        ("SELECT $$it's$$, $a$x$$y$a$ FROM t", "SELECT ?, ? FROM t"),
        ("SELECT a FROM t WHERE a LIKE '%s'", "SELECT a FROM t WHERE a LIKE ?"),
        ('SAVEPOINT "s140_x2"', "SAVEPOINT ?"),
        ("RELEASE SAVEPOINT s140_x2", "RELEASE SAVEPOINT ?"),
        ("", ""),
    ],
)
def test_a_query_becomes_its_shape(sql: str, normalised: str) -> None:
    assert normalise_sql(sql) == normalised


_WORDS = r"""SELECT IN ( ) [ ] , ' '' " ` $ $$ $a$ $1 ? ?1 %s %(a)s :a :: @a 7 -7 1.5 .5 e3 x 0x1F -- /* */ ; = < - +
\ VALUES ARRAY SAVEPOINT a1 é N' ␊"""
_SQL = st.lists(st.sampled_from([*_WORDS.split(), " ", "\n"]), max_size=25).map("".join)


@given(_SQL | st.text())
def test_normalising_a_query_twice_is_normalising_it_once(sql: str) -> None:
    once = normalise_sql(sql)
    assert normalise_sql(once) == once


@given(st.integers(), st.integers(), st.text(alphabet=st.characters(exclude_characters="'\\")), st.text("ab'\\"))
def test_what_is_in_literals_makes_no_difference(one: int, other: int, text: str, odd: str) -> None:
    def of(number: int, word: str) -> str:
        quoted = word.replace("\\", "\\\\").replace("'", "''")
        return normalise_sql(f"SELECT a FROM t WHERE id = {number} AND name = '{quoted}' LIMIT 5")

    assert of(one, text) == of(other, odd) == "SELECT a FROM t WHERE id = ? AND name = ? LIMIT ?"


def test_a_list_of_any_length_is_the_same_query() -> None:
    assert len({normalise_sql(f"DELETE FROM t WHERE id IN ({', '.join('9' * n)})") for n in range(1, 50)}) == 1


def test_hostile_queries_are_done_with() -> None:
    for sql in ("'" * 8192, "'\\" * 4096, "(" * 8192, "$a" * 4096, "IN (?" + ", ?" * 2700, "/*" * 4096, "- " * 4096):
        assert normalise_sql(sql) is not None


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("GET https://shop/item/7", "GET https://shop/item/*"),
        ("GET https://shop/item/7?page=2#top", "GET https://shop/item/*"),
        ("https://shop", "https://shop"),
        ("https://10.0.0.1:8080/", "https://10.0.0.1:8080/"),
        ("POST /v1/price/0b1e4c5a-98f7-4a9b-8f6e-6f1f0c3a2b1d/x", "POST /v1/price/*/x"),
        ("GET /blob/deadbeef01", "GET /blob/*"),
        ("GET /facade/added/v2", "GET /facade/added/v2"),
        ("GET /u/eyJhbGciOiJIUzI1NiIsInR5", "GET /u/*"),
        ("", ""),
    ],
)
def test_an_address_loses_its_numbers(text: str, normalised: str) -> None:
    assert normalise_url(text) == normalised


@given(
    st.text() | st.lists(st.sampled_from(["GET", " ", "/", "7", "a", "?", "#", "://", "deadbeef1", "*"])).map("".join)
)
def test_normalising_an_address_twice_is_normalising_it_once(text: str) -> None:
    once = normalise_url(text)
    assert normalise_url(once) == once


@pytest.mark.parametrize(
    ("query", "short"),
    [
        ("SELECT a, b FROM item WHERE id = ?", "SELECT … FROM item WHERE id = ?"),
        ("SELECT (SELECT max(x) FROM y), b FROM item", "SELECT … FROM item"),
        ("SELECT ?", "SELECT ?"),
        ("INSERT INTO t (a) VALUES (?)", "INSERT INTO t (a) VALUES (?)"),
    ],
)
def test_a_query_is_told_without_its_columns(query: str, short: str) -> None:
    assert abbreviated(query) == short


def test_a_query_that_was_cut_is_known() -> None:
    assert is_cut("SELECT a, b, c…")
    assert is_cut("SELECT a, b, c...")
    assert not is_cut("SELECT a")


def span(op: str, description: str, start: float, end: float) -> Span:
    return Span(f"{start}", "root", op, description, start, end)


def test_queries_are_counted_and_the_costliest_comes_first() -> None:
    spans = (
        span("db", "SELECT a FROM t WHERE id = 2", 3, 5),
        span("db.sql.query", "SELECT a FROM t WHERE id = 1", 1, 2),
        span("db", "SELECT b FROM u", 5, 7),
        span("http.client", "GET http://x/1", 7, 8),
        span("http.client", "GET http://x/2", 8, 9),
        span("cache.get", "key", 9, 10),
    )
    transaction = Transaction("GET /", "t", Span("root", "", "http.server", "GET /", 0, 10), spans)
    first, second = queries(transaction)
    assert (first.text, first.count, first.seconds, first.longest) == ("SELECT a FROM t WHERE id = ?", 2, 3, 2)
    assert first.spans == (spans[1], spans[0])
    assert (second.text, second.count) == ("SELECT b FROM u", 1)
    assert [(each.text, each.count) for each in requests(transaction)] == [("GET http://x/*", 2)]
    assert similar(spans[5]) == "key"
