"""Resume of a log stream: every line once, whatever is cut where, and no false word about gaps."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from opsterm.services.kube.logs.entries import Entry, Splitter
from opsterm.services.kube.logs.position import Position

SECOND = 1_000_000_000
START = 1_790_000_000 * SECOND

steps = st.lists(
    st.one_of(st.just(0), st.integers(-2_000, 1_000_000), st.integers(0, 2 * SECOND)), min_size=1, max_size=60
)


def log_of(deltas: list[int]) -> list[Entry]:
    """A log whose lines share moments, and sometimes step back by microseconds as two writers' lines do."""
    now = START
    lines = []
    for number, delta in enumerate(deltas):
        now += delta
        lines.append(Entry(now, b"line %d" % number))
    return lines


def served(lines: list[Entry], since: str | None) -> list[Entry]:
    """What a server sends that cuts `sinceTime` to the second and includes it."""
    if since is None:
        return lines
    floor = Splitter().feed(since.encode() + b" x\n")[0].ns
    return [line for line in lines if line.ns >= floor]


@example([0, -1], [2], 1)  # the first line read is earlier than one before it, which the replay brings
@given(steps, st.lists(st.integers(0, 60), max_size=8), st.integers(0, 20))
def test_any_cuts_lose_and_repeat_nothing(deltas: list[int], cuts: list[int], tail: int) -> None:
    whole = log_of(deltas)
    position = Position()
    got: list[Entry] = []
    first = max(0, len(whole) - tail) if tail else 0
    limits = sorted(min(cut, len(whole)) for cut in cuts)
    for limit in [*limits, len(whole)]:
        written = whole[:limit]
        since = position.since()
        sent = served(written, since) if since else written[first:]
        replay = position.replay()
        new = replay.admit(sent)
        if replay.decided:
            assert replay.proven
        if new:
            position.advance(new)
        got += new
    assert got == whole[first:]


@given(steps, st.data())
def test_a_rotated_log_is_never_called_whole(deltas: list[int], data: st.DataObject) -> None:
    whole = log_of(deltas)
    read = data.draw(st.integers(1, len(whole)))
    kept_from = data.draw(st.integers(read, len(whole)))
    position = Position()
    position.advance(whole[:read])
    replay = position.replay()
    new = replay.admit(served(whole[kept_from:], position.since()))
    if replay.decided:
        assert not replay.proven
    new += replay.give_up()
    assert not replay.proven
    assert new == served(whole[kept_from:], position.since())


def test_equal_lines_at_one_moment_are_counted_not_merged() -> None:
    same = [Entry(START, b"tick")] * 3
    position = Position()
    position.advance(same[:1])
    position.advance(same[1:2])
    replay = position.replay()
    assert replay.admit(same) == [same[0]]
    assert replay.proven
    assert replay.repeats == 2


def test_before_the_first_line_everything_is_new() -> None:
    replay = Position().replay()
    assert replay.admit([Entry(START, b"a")]) == [Entry(START, b"a")]
    assert replay.proven
