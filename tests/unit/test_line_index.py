"""The lines found in slices are the lines that pass, whatever happens to the ring meanwhile."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.widgets.line_view.index import LineIndex

WORDS = st.sampled_from(["web ok", "web error", "job ok", "job error"])
STEP = st.one_of(
    st.tuples(st.just("extend"), st.lists(WORDS, min_size=1, max_size=30)),
    st.tuples(st.just("replace"), WORDS),
    st.tuples(st.just("replace far"), st.integers(0, 80)),
    st.tuples(st.just("grow"), st.none()),
    st.tuples(st.just("restart"), st.integers(0, 80)),
)


def make(text: str) -> Line:
    direction = Direction.NOTE if text == "job ok" else Direction.RX
    return Line(text.encode(), text, 0, 0, direction=direction, flags=Flag.PARTIAL)


def passes(line: Line) -> bool:
    return "web" in line.text


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=25), st.sampled_from([10, 50, 1000]), st.booleans(), st.integers(0, 20))
def test_an_index_finds_what_a_plain_search_finds(
    steps: list[tuple[str, object]], most: int, filtered: bool, floor: int
) -> None:
    ring = Ring(max_lines=most)
    ring.extend([make("web ok") for _ in range(20)])
    test = passes if filtered else None
    index = LineIndex(ring, 0, floor, test, lambda line: len(line.text))
    for step, value in steps:
        if step == "extend" and isinstance(value, list):
            ring.extend([make(text) for text in value])
        elif step == "replace" and isinstance(value, str) and len(ring):
            ring.replace_last(make(value))
        elif step == "replace far" and isinstance(value, int) and ring.first_seq <= value < ring.next_seq:
            for text in ("web ok", "job error", "web error") * 30:
                ring.replace(value, make(text))
        elif step == "restart" and isinstance(value, int):
            index = LineIndex(ring, min(value, ring.next_seq), floor, test, lambda line: len(line.text))
        elif step == "grow":
            index.grow(0)
    while not index.grow(0):
        pass
    found = [line for line in ring.since(floor) if not filtered or passes(line)]
    layout = index.layout
    assert [layout[at] for at in range(len(layout))] == [line.seq for line in found]
    assert layout.height == sum(len(line.text) for line in found)
    assert len(index.notes) == sum(line.direction is Direction.NOTE for line in found)


def test_a_long_search_is_cut_into_slices_that_begin_at_the_start() -> None:
    ring = Ring()
    ring.extend([make("web ok") for _ in range(20_000)])
    index = LineIndex(ring, ring.next_seq, 0, passes)
    assert not index.grow(0)
    assert index.layout[len(index.layout) - 1] == ring.next_seq - 1
    slices = 1
    while not index.grow(0):
        slices += 1
    assert slices > 5
    assert len(index.layout) == 20_000
