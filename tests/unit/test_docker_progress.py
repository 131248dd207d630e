"""From what the engines say to events: recorded builds of both ways, cut anywhere, and output that forges records."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.docker.dockerfile import parse
from opsterm.services.docker.events import Event, Kind, StepDone, StepLog, StepStarted
from opsterm.services.docker.output import LONGEST, Cutter
from opsterm.services.docker.progress import StepTracker
from opsterm.services.docker.rawjson import Reader
from opsterm.services.docker.trace import Output, Update, Vertex, decode
from opsterm.services.lines import Flag

RECORDED = Path(__file__).parent / "docker"
PARSED = parse((RECORDED / "recorded.Dockerfile").read_text())


def events(updates: list[Update], built: bool = True) -> list[Event]:
    heard: list[Event] = []
    tracker = StepTracker(PARSED, "D", heard.append)
    for update in updates:
        tracker.update(update)
    tracker.finish(built)
    return heard


def buildx(raw: bytes, *cuts: int) -> list[Update]:
    reader = Reader()
    edges = [0, *sorted(cuts), len(raw)]
    parts = [raw[start:end] for start, end in pairwise(edges)]
    updates = [update for part in parts for update in reader.feed(part)]
    updates += reader.end()
    assert reader.malformed == 0
    return updates


def rest(raw: bytes) -> list[Update]:
    records = [json.loads(line) for line in raw.splitlines()]
    return [decode(base64.b64decode(one["aux"])) for one in records if one["id"] == "moby.buildkit.trace"]


def summary(heard: list[Event]) -> dict[str, tuple[str, int, str, bool, list[str]]]:
    """Each step that makes a layer: kind, line, name, cached, and its output."""
    found = {}
    for event in heard:
        if isinstance(event, StepDone) and event.step.kind is Kind.STEP:
            printed = [
                line.text for one in heard if isinstance(one, StepLog) for line in one.lines if one.step == event.step
            ]
            found[event.step.label] = (event.step.kind.value, event.step.line, event.step.name, event.cached, printed)
    return found


BUILDX = (RECORDED / "buildx.progress").read_bytes()
REST = (RECORDED / "rest.progress").read_bytes()
FORGED = '{"vertexes":[{"digest":"sha256:0","name":"[9/9] RUN forged","cached":true}]}'
PRINTED = [FORGED, "ERROR: forged", "#9 CACHED", "no end"]


def test_both_ways_tell_the_same_build() -> None:
    told, other = summary(events(buildx(BUILDX))), summary(events(rest(REST)))
    # The two streams of a step have no order between them.
    assert {label: (*step[:4], sorted(step[4])) for label, step in told.items()} == {
        label: (*step[:4], sorted(step[4])) for label, step in other.items()
    }
    assert {label: step[1] for label, step in told.items()} == {
        "base 2": 2,
        "base 3": 3,
        "base 4": 4,
        "stage-1 1": 7,
        "stage-1 2": 8,
    }
    assert sorted(told["base 4"][4]) == ["hello", "warn"]


@pytest.mark.parametrize("updates", [buildx(BUILDX), rest(REST)], ids=["buildx", "rest"])
def test_output_that_forges_records_is_only_output(updates: list[Update]) -> None:
    heard = events(updates)
    assert summary(heard)["stage-1 2"][4] == PRINTED
    assert not any("forged" in event.step.name and "printf" not in event.step.name for event in heard)


@pytest.mark.parametrize("updates", [buildx(BUILDX), rest(REST)], ids=["buildx", "rest"])
def test_a_step_starts_once_before_it_prints_or_ends(updates: list[Update]) -> None:
    seen: set[str] = set()
    for event in events(updates):
        if isinstance(event, StepStarted):
            assert event.step.key not in seen
            seen.add(event.step.key)
        else:
            assert event.step.key in seen


@given(st.lists(st.integers(0, len(BUILDX)), max_size=12))
def test_records_can_be_cut_anywhere(cuts: list[int]) -> None:
    assert buildx(BUILDX, *cuts) == buildx(BUILDX)


@given(st.integers(0, len(BUILDX)))
def test_records_of_one_line_and_of_many_read_the_same(cut: int) -> None:
    records = []
    rest_of = BUILDX.decode()
    while rest_of.strip():
        record, end = json.JSONDecoder().raw_decode(rest_of.lstrip())
        records.append(json.dumps(record))
        rest_of = rest_of.lstrip()[end:]
    assert buildx("".join(f"{one}\n" for one in records).encode(), cut) == buildx(BUILDX)


def test_messages_stand_apart_and_end_the_records() -> None:
    reader = Reader()
    given = b'WARNING: old\n{"vertexes":[]}\nERROR: failed: RUN <<E\n' + f"{FORGED}\n".encode() + b"E\n"
    assert reader.feed(given) == [Update()]
    assert reader.messages == ["WARNING: old", "ERROR: failed: RUN <<E", FORGED, "E"]


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line and not line.startswith(b"{"))))
def test_what_is_no_record_is_kept_as_message(lines: list[bytes]) -> None:
    reader = Reader()
    assert reader.feed(b"".join(line + b"\n" for line in lines)) == []
    assert reader.messages == [text for line in lines if (text := line.decode("utf-8", "replace").rstrip())]


@pytest.mark.parametrize(
    "line", ["{}}", '{"vertexes":[{}]}', '{"logs":[{"vertex":"a","data":"%"}]}', '{"vertexes":5}']
)
def test_a_record_that_cannot_be_read_is_counted(line: str) -> None:
    reader = Reader()
    assert reader.feed(f"{line}\n".encode()) == []
    assert reader.malformed == 1


def test_a_record_that_ends_early_is_counted() -> None:
    reader = Reader()
    reader.feed(b'{\n "vertexes": [')
    assert reader.end() == []
    assert reader.malformed == 1


@given(st.binary(max_size=200))
def test_any_bytes_are_a_trace_or_refused(raw: bytes) -> None:
    with suppress(ValueError):
        decode(raw)


@given(st.integers(1, 200))
def test_a_trace_that_ends_early_is_refused_or_has_less(cut: int) -> None:
    record = base64.b64decode(json.loads(REST.splitlines()[8])["aux"])
    with suppress(ValueError):
        assert len(decode(record[:-cut]).vertexes) < len(decode(record).vertexes)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [*(f"{line}\n".encode() for line in PRINTED), b"\r", b"\n", b"\xc3", b"\xa9", b"\x1b[2J"]
            ),
            st.binary(max_size=20),
        )
    )
)
def test_whatever_a_step_prints_changes_no_step(pieces: list[bytes]) -> None:
    one = Vertex("sha256:1", "[base 4/4] RUN echo hello", 1.0)
    updates = [Update((one,)), *(Update((), (Output("sha256:1", 1, piece),)) for piece in pieces)]
    heard = events([*updates, Update((Vertex("sha256:1", one.name, 1.0, 3.5),))])
    others = [event for event in heard if not isinstance(event, StepLog)]
    assert others == [StepStarted(heard[0].step), StepDone(heard[0].step, False, 2.5)]
    lines = [line for event in heard if isinstance(event, StepLog) for line in event.lines]
    assert len(lines) == len(b"".join(pieces).removesuffix(b"\n").split(b"\n")) * bool(b"".join(pieces))
    assert not any(ord(char) < 32 or char == "\x1b" for line in lines for char in line.text)


def test_times_of_a_step_that_runs_twice_add_up() -> None:
    first, second = Vertex("d", "[1/1] RUN x", 1.0, 2.0), Vertex("d", "[1/1] RUN x", 5.0, 5.5)
    done = [event for event in events([Update((first,)), Update((second, second))]) if isinstance(event, StepDone)]
    assert done[-1].seconds == 1.5


def test_a_step_that_a_built_image_did_not_need_came_from_the_cache() -> None:
    waiting = [Update((Vertex("d", "[base 4/4] RUN x"),))]
    assert [(event.cached, event.seconds) for event in events(waiting) if isinstance(event, StepDone)] == [
        (True, 0.0)
    ]
    assert events(waiting, built=False) == []


def test_a_line_without_end_is_cut() -> None:
    cutter = Cutter("D/1")
    lines = cutter.feed(b"x" * (2 * LONGEST + 10)) + cutter.end()
    assert [len(line.raw) for line in lines] == [LONGEST, LONGEST, 10]
    assert [line.flags for line in lines] == [Flag.CUT, Flag.CUT, Flag.NONE]


def test_a_bar_drawn_over_itself_is_its_last_state() -> None:
    lines = Cutter("D/1").feed(b" 10 %\r 50 %\r100 %\r\n")
    assert [line.text for line in lines] == ["100 %"]
