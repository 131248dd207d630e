"""What is kept of what came: whole traces, bounded, and everything that had to go is counted."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from opsterm.services.lines import Level
from opsterm.services.telemetry.envelope import Item
from opsterm.services.telemetry.model import ErrorEvent, LogRecord, Span, Transaction
from opsterm.services.telemetry.parse import read_item
from opsterm.services.telemetry.store import MAX_ERRORS, Counts, TraceStore


def make(trace: int, size: int = 100) -> Transaction:
    root = Span(f"{trace:016x}", "", "http.server", "GET /", 1.0, 2.0)
    return Transaction("GET /", f"{trace:032x}", root, (root,), size=size)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 400)), max_size=60))
@settings(deadline=None)
def test_what_is_kept_is_bounded_and_the_rest_is_counted(events: Sequence[tuple[int, int]]) -> None:
    store = TraceStore(max_bytes=1000)
    added = []
    for trace, size in events:
        before = store.revision
        added.append(store.add(make(trace, size)))
        kept = store.transactions
        assert store.revision > before
        assert [each.seq for each in kept] == sorted(each.seq for each in kept)
        assert store.bytes == sum(each.size for each in kept) <= 1000
        assert added[-1] in kept
        assert store.counts.evicted == len(added) - len(kept)
        for each in kept:
            assert each in store.trace(each.trace_id)
    assert sum(len(store.trace(f"{trace:032x}")) for trace in range(6)) == len(store.transactions)
    assert (store.counts.transactions, store.counts.spans) == (len(events), 2 * len(events))


def test_the_trace_without_news_for_the_longest_time_goes_first_and_whole() -> None:
    store = TraceStore(max_bytes=500)
    for trace in (1, 2, 1, 3, 1, 4):
        store.add(make(trace))
    assert [int(each.trace_id, 16) for each in store.transactions] == [1, 1, 3, 1, 4]
    store.add(make(5))
    assert {int(each.trace_id, 16) for each in store.transactions} == {1, 4, 5}


def test_one_trace_that_never_ends_does_not_fill_memory() -> None:
    store = TraceStore(max_bytes=1000)
    for _ in range(5000):
        store.add(make(1))
    assert 0 < len(store.transactions) <= 10
    assert store.transactions[-1].seq == 4999
    assert store.counts.evicted == 5000 - len(store.transactions)


def test_errors_are_bounded_by_number_and_by_memory() -> None:
    store = TraceStore(max_bytes=4_000_000)
    for number in range(MAX_ERRORS + 10):
        store.add_error(ErrorEvent(f"{number:032x}", 1.0, trace_id="a", size=10))
    assert len(store.errors) == MAX_ERRORS
    assert store.counts.evicted == 10
    store.add_error(ErrorEvent("b", 1.0, trace_id="b", size=999_000))
    assert store.error_bytes == sum(each.size for each in store.errors) <= 1_000_000
    assert [each.event_id for each in store.errors_of("b")] == ["b"]
    assert not store.errors_of("")
    store.add_error(ErrorEvent("c", 1.0, size=2_000_000))
    assert [each.event_id for each in store.errors] == ["c"]


def test_logs_become_lines_with_their_trace() -> None:
    store = TraceStore()
    store.add_logs([LogRecord(1.5, "warning", "low", "a" * 32), LogRecord(2.0, "odd", "x")])
    first, second = store.logs.since(0)
    assert (first.text, first.source, first.level, first.first_ns) == ("low", "a" * 32, Level.WARN, 1_500_000_000)
    assert (second.level, second.source) == (Level.NONE, "")
    assert store.counts.logs == 2


def test_clearing_forgets_what_is_kept_and_not_what_was_counted() -> None:
    store = TraceStore()
    store.add(make(1))
    store.add_error(ErrorEvent("a", 1.0, size=5))
    told: list[int] = []
    store.listen(lambda: told.append(store.revision))
    store.clear()
    assert (store.transactions, store.errors, store.bytes, store.error_bytes, len(store.logs)) == ((), (), 0, 0, 0)
    assert (store.counts.transactions, store.counts.errors, len(told)) == (1, 1, 1)
    assert store.add(make(1)).seq == 2


def test_kinds_that_somebody_makes_up_fill_no_memory() -> None:
    counts = Counts()
    for number in range(1000):
        counts.not_shown(f"kind-{number}")
    assert len(counts.kinds) <= 51
    assert sum(counts.kinds.values()) == counts.unknown == 1000


def test_the_estimated_size_is_near_the_memory_that_is_taken() -> None:
    spans = [
        {
            "span_id": f"{number:016x}",
            "parent_span_id": "b" * 16,
            "op": "db",
            "description": f"SELECT name, price FROM product WHERE product.id = {number} AND NOT hidden",
            "start_timestamp": 1795514400.25 + number / 1000,
            "timestamp": 1795514400.5 + number / 1000,
            "data": {"db.system": "sqlite", "thread.id": f"1234{number}", "db.name": "shop", "code.lineno": number},
        }
        for number in range(50)
    ]
    body = json.dumps(
        {
            "transaction": "/cart",
            "start_timestamp": 1,
            "timestamp": 2,
            "contexts": {"trace": {"trace_id": "a" * 32, "span_id": "b" * 16}},
            "spans": spans,
        }
    ).encode()
    store = TraceStore(max_bytes=20_000_000)
    tracemalloc.start()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(1000):
        found = read_item(Item("transaction", body)).transaction
        assert found is not None
        store.add(replace(found, trace_id=f"{number:032x}"))
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert store.counts.evicted > 0
    assert 0.6 < taken / store.bytes < 1.3


def test_only_what_is_new_is_handed_out() -> None:
    store = TraceStore()
    kept = [store.add(make(number)) for number in range(5)]
    assert store.transactions_since(kept[2].seq) == kept[3:]
    assert store.transactions_since(-1) == kept
    assert store.transactions_since(kept[-1].seq) == []
