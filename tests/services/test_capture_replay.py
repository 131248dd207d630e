"""A capture played again gives the same rows."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.services.serial.capture import Capture
from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.intake import Counters, Intake
from opsterm.services.serial.replay import ReplayService, parse_speed
from opsterm.services.service import State
from opsterm.services.threads import in_thread
from tests.waiting import turns, until

FRAGMENT = st.sampled_from([b"a", b"login: ", b"\r", b"\n", b"\r\n", b"\xff", b"\xc3", b"\xbc", b"\x1b[31m", b"\t"])
STEPS = st.lists(st.one_of(FRAGMENT, st.sampled_from(["quiet", "typed", "lost"])), max_size=25)


async def play(path: Path, speed: float = math.inf) -> ReplayService:
    service = ReplayService(str(path), speed)
    await service.start()
    await until(lambda: service.status.state in (State.OFF, State.FAILED), "the end")
    return service


async def happen(steps: list[bytes | str], ring: Ring) -> None:
    """Have a line do what `steps` say, as the service would."""
    intake = Intake(ring, Counters(), "/dev/ttyUSB0", "utf-8", 0)
    for number, step in enumerate(steps, 1_598_870_690):
        ns = number * 1_000_000_123
        match step:
            case bytes():
                intake.take([(ns, step)])
            case "quiet":
                await turns(2)
            case "typed":
                intake.end_prompt()
                ring.append(Line(b"\xaa", "\\xAA", ns, ns, "/dev/ttyUSB0", Direction.TX, flags=Flag.UNSENT))
            case "lost":
                intake.flush()
                ring.append(Line(b"lost", "lost", ns, ns, "/dev/ttyUSB0", Direction.NOTE, flags=Flag.GAP))
    intake.flush()


@settings(max_examples=60, deadline=None)
@given(STEPS)
async def test_a_replayed_capture_gives_the_same_rows(steps: list[bytes | str]) -> None:
    with TemporaryDirectory() as folder:
        ring = Ring()
        captures = [Capture(f"{folder}/a.{ending}") for ending in ("jsonl", "txt")]
        for capture in captures:
            await capture.start()
            capture.follow(ring)
        await happen(steps, ring)
        for capture in captures:
            await capture.stop()
        records, rows = [await play(Path(capture.path)) for capture in captures]
    assert records.ring.since(0) == ring.since(0)
    assert [str(line) for line in rows.ring.since(0)] == [str(line) for line in ring.since(0)]
    assert records.counters.rx_bytes == sum(len(line.raw) for line in ring.since(0) if line.direction is Direction.RX)
    assert records.counters.lines == len(ring)


async def test_torn_rows_are_counted_and_the_rest_is_played(tmp_path: Path) -> None:
    whole = Line(b"one", "one", 1, 1)
    (tmp_path / "a").write_text(f"{whole}\n2020-08-31 10:\n\n{whole}")
    service = await play(tmp_path / "a")
    assert [line.text for line in service.ring.since(0)] == ["one", "one"]
    assert service.counters.errors == 2
    assert service.status.reason == f"End of {tmp_path}/a, 2 lines, 2 rows not understood."


async def test_what_is_no_capture_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0\xff" * 3_000_000)
    service = await play(tmp_path / "a.bin")
    assert service.status.state is State.FAILED
    assert service.status.reason == f"{tmp_path}/a.bin is no capture that can be played."
    missing = await play(tmp_path / "b")
    assert (missing.status.state, missing.status.reason) == (
        State.FAILED,
        f"Cannot play {tmp_path}/b: No such file or directory.",
    )


async def test_it_waits_between_lines_and_can_be_stopped(tmp_path: Path) -> None:
    rows = [Line(b"x", text, ns, ns) for text, ns in (("one", 0), ("two", 10**6), ("next year", 10**16))]
    (tmp_path / "a.txt").write_text("".join(f"{row}\n" for row in rows))
    service = ReplayService(str(tmp_path / "a.txt"), 2.0)
    await service.start()
    await until(lambda: len(service.ring) == 2, "the lines of the first moment")
    assert service.status.state is State.LIVE
    await service.stop()
    await service.stop()
    assert service.status.state is State.OFF
    assert len(service.ring) == 2


async def test_while_held_the_ring_does_not_grow(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"{Line(b'', str(number), 0, 0)}\n" for number in range(5000)))
    service = ReplayService(str(tmp_path / "a.txt"), math.inf)
    service.hold(True)
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "playing")
    for _ in range(20):
        await in_thread(lambda: None, "as long as reading a piece takes")
    assert len(service.ring) == 0
    service.hold(False)
    await until(lambda: service.status.state is State.OFF, "the end")
    assert [line.text for line in service.ring.since(0)] == [str(number) for number in range(5000)]


def test_a_speed_is_a_number_or_max() -> None:
    assert parse_speed("max") == math.inf
    assert parse_speed("0.5") == 0.5
    for text in ("", "fast", "0", "-1", "nan", "inf"):
        with pytest.raises(BadSettingError, match="Invalid speed"):
            parse_speed(text)
