"""Streamed spans: put together by segment, in whatever order and pieces they come, and bounded."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from opsterm.services.telemetry.spans_v2 import PATIENCE, QUIET, Assembler, StreamedSpan, read_spans

TRACE = "4c79f60c11214eb38604f4ae0781bfb2"


def attributes(**said: object) -> dict[str, object]:
    return {name.replace("__", "."): {"value": value, "type": "string"} for name, value in said.items()}


def told(number: int, segment: int, *, root: bool = False, trace: str = TRACE, **more: object) -> dict[str, object]:
    said = attributes(
        sentry__op="db",
        sentry__segment__id=f"{segment:016x}",
        sentry__segment__name=f"GET /{segment}",
        db__system="x",
    )
    return {
        "trace_id": trace,
        "span_id": f"{number:016x}",
        "parent_span_id": None if root else f"{segment:016x}",
        "name": f"GET /{segment}" if root else "SELECT 1",
        "status": "ok",
        "is_segment": root,
        "start_timestamp": 100.0 + number,
        "end_timestamp": 200.0,
        "attributes": said,
        **more,
    }


def spans(*items: object) -> list[StreamedSpan]:
    return read_spans({"version": 2, "items": list(items)})[0]


def test_a_segment_is_whole_after_its_own_span_and_a_moment_of_quiet() -> None:
    assembler = Assembler()
    assert not assembler.add(spans(told(2, 1), told(3, 1)), 0.0)
    assert not assembler.due(PATIENCE - 1)
    assembler.add(spans(told(1, 1, root=True)), 10.0)
    assert assembler.next_due() == 10.0 + QUIET
    assert not assembler.due(10.0 + QUIET / 2)
    assembler.add(spans(told(4, 1)), 10.0 + QUIET / 2)
    (found,) = assembler.due(10.5 + QUIET)
    assert (found.name, found.trace_id, found.root.span_id) == ("GET /1", TRACE, f"{1:016x}")
    assert {span.span_id for span in found.spans} == {f"{number:016x}" for number in (2, 3, 4)}
    assert {(span.op, span.description) for span in found.spans} == {("db", "SELECT 1")}
    assert found.spans[0].data == {"db.system": "x"}
    assert (len(assembler), assembler.held, assembler.next_due()) == (0, 0, None)


@given(st.integers(1, 5), st.integers(0, 8), st.randoms(use_true_random=False), st.integers(1, 7))
@settings(deadline=None)
def test_any_order_and_any_pieces_give_the_same(segments: int, each: int, order: random.Random, piece: int) -> None:
    items = [told(1000 + s, 1000 + s, root=True) for s in range(segments)]
    items += [told(100 * s + n, 1000 + s) for s in range(segments) for n in range(each)]
    order.shuffle(items)
    assembler = Assembler()
    for at in range(0, len(items), piece):
        assert not assembler.add(spans(*items[at : at + piece]), float(at))
    found = assembler.due(float(len(items)) + QUIET)
    assert sorted(transaction.name for transaction in found) == sorted(f"GET /{1000 + s}" for s in range(segments))
    for transaction in found:
        assert len(transaction.spans) == each
        assert {span.parent_id for span in transaction.spans} <= {transaction.root.span_id}
    assert assembler.held == 0


def test_spans_that_do_not_tell_their_segment_go_with_the_trace() -> None:
    assembler = Assembler()
    assembler.add(spans(told(2, 1, attributes={}), told(1, 1, root=True)), 0.0)
    (found,) = assembler.due(QUIET)
    assert len(found.spans) == 1
    assert len(assembler) == 0


def test_a_segment_without_its_own_span_is_given_up_and_counted() -> None:
    assembler = Assembler()
    assembler.add(spans(told(2, 1)), 0.0)
    assert assembler.next_due() == PATIENCE
    assert not assembler.due(PATIENCE)
    assert (assembler.given_up, len(assembler), assembler.held) == (1, 0, 0)


def test_open_segments_are_bounded_and_those_that_are_whole_are_not_lost() -> None:
    assembler = Assembler(max_open=10)
    done = []
    for number in range(100):
        done += assembler.add(spans(told(number, number, root=number % 2 == 0)), 0.0)
    assert len(assembler) == 10
    assert (len(done), assembler.given_up) == (45, 45)
    assert len(assembler.finish()) == 5


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=80))
@settings(deadline=None)
def test_spans_held_are_bounded(events: list[tuple[int, bool]]) -> None:
    assembler = Assembler(max_spans=12)
    done = []
    for number, (segment, root) in enumerate(events):
        done += assembler.add(
            spans(told(number, segment, root=False) if not root else told(segment, segment, root=True)), 0.0
        )
        assert assembler.held <= 12
    assembler.finish()
    assert assembler.held == 0


def test_items_that_are_none_are_counted() -> None:
    found, bad = read_spans({"items": [told(1, 1), None, {}, {**told(1, 1), "end_timestamp": None}, "x"]})
    assert (len(found), bad) == (1, 4)
