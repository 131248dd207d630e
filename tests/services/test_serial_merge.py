"""Several rings as one: every line once, in order, also those that grow."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from opsterm.services.lines import Flag, Line, Ring
from opsterm.services.serial import merge
from opsterm.services.serial.merge import Merge

STEP = st.tuples(st.sampled_from("AB"), st.sampled_from(["line", "line", "prompt", "more", "end"]))


def happen(ring: Ring, what: str, number: int) -> None:
    """Have a ring get a line, or a prompt that grows and ends, as an intake does it."""
    last = ring[ring.next_seq - 1] if len(ring) else None
    open_ = last is not None and bool(last.flags & Flag.PARTIAL)
    text = f"{last.text}+" if open_ and last is not None else str(number)
    line = Line(
        text.encode(), text, number, number, "port", flags=Flag.PARTIAL if what in ("prompt", "more") else Flag(0)
    )
    if open_:
        ring.replace_last(line)
    else:
        ring.append(line)


@settings(deadline=None)
@given(st.lists(STEP, max_size=40), st.integers(0, 40))
async def test_a_merge_has_every_line_once_and_as_it_is_in_the_end(steps: list[tuple[str, str]], before: int) -> None:
    rings = {"A": Ring(), "B": Ring()}
    merged = Merge(rings)
    for number, (name, what) in enumerate(steps[:before]):
        happen(rings[name], what, number)
    await merged.start()
    for number, (name, what) in enumerate(steps[before:], before):
        happen(rings[name], what, number)
    lines = merged.ring.since(0)
    for name, ring in rings.items():
        ours = [(line.text, line.flags, line.first_ns) for line in lines if line.source == name]
        assert ours == [(line.text, line.flags, line.first_ns) for line in ring.since(0)]
        assert [line.seq for line in ring.since(0)] == list(range(len(ring)))
    assert len(lines) == sum(map(len, rings.values()))
    merged.stop()
    rings["A"].append(Line(b"late", "late", 99, 99))
    assert len(merged.ring) == len(lines)


async def test_a_long_past_is_taken_over_in_the_order_of_times() -> None:
    rings = {"A": Ring(), "B": Ring()}
    for number in range(merge._STRAGGLERS + 10):
        rings["AB"[number % 2]].append(Line(b"", str(number), number, number))
    rings["A"].extend(Line(b"", "a", 10**6 + number, 0) for number in range(merge._STRAGGLERS))
    merged = Merge(rings)
    await merged.start()
    times = [line.first_ns for line in merged.ring.since(0)]
    assert times == sorted(times)
    assert len(times) == 2 * merge._STRAGGLERS + 10
    merged.stop()
