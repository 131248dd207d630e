"""Two ports joined: every byte goes across, both ways, and a side that goes takes nothing with it silently."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsterm.services.lines import Direction
from opsterm.services.serial.bridge import Bridge
from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.journeys.phone import Phone
from tests.waiting import until


@pytest.fixture
async def joined(tmp_path: Path) -> AsyncIterator[tuple[SerialService, SerialService, Bridge, Cable, Cable]]:
    for name in "ab":
        (tmp_path / name).mkdir()
    with Cable(tmp_path / "a") as left, Cable(tmp_path / "b") as right:
        first, second = SerialService(), SerialService()
        await first.open(Settings(left.a))
        await second.open(Settings(right.a))
        bridge = Bridge(first, second)
        bridge.start()
        await until(lambda: first.status.state is State.LIVE is second.status.state, "both ports")
        yield first, second, bridge, left, right
        await bridge.stop()
        await first.stop()
        await second.stop()


async def test_bytes_go_across_both_ways_and_are_seen(
    joined: tuple[SerialService, SerialService, Bridge, Cable, Cable],
) -> None:
    first, second, bridge, left, right = joined
    one, other = Phone(left.b), Phone(right.b)
    data = os.urandom(300_000).replace(b"\n", b"x") + b"\n"
    one.say(b"READ\r\n")
    await until(lambda: other.hears(b"READ\r\n"), "across")
    one.say(data)
    await until(lambda: other.hears(data), "all of it across")
    other.say(b"21.5 C\r\n")
    await until(lambda: one.hears(b"21.5 C\r\n"), "and back")
    assert [line.text for line in second.ring.since(0) if line.direction is Direction.RX] == ["21.5 C"]
    assert first.ring[0].text == "READ"
    assert bridge.passed == [len(data) + 6, 8]
    with pytest.raises(BadSettingError, match="busy with a bridge"):
        first.send("typed")
    await bridge.stop()
    assert first.send("typed")
    await until(lambda: one.hears(b"typed\r\n"), "a typed line, when it is over")
    one.close()
    other.close()


async def test_a_side_that_comes_back_is_joined_again_and_what_was_lost_is_said(
    joined: tuple[SerialService, SerialService, Bridge, Cable, Cable],
) -> None:
    first, second, bridge, left, right = joined
    one, other = Phone(left.b), Phone(right.b)
    other.close()
    right.pull()
    await until(lambda: second.status.state is State.LOST, "the loss")
    one.say(b"to nobody\n")
    await until(
        lambda: any("is not open" in line.text for line in first.ring.since(0)), "that it does not get across"
    )
    one.say(b"nor this\n")
    await until(lambda: bridge.lost == 19, "all of it is counted")
    assert len([line for line in first.ring.since(0) if "is not open" in line.text]) == 1
    assert first.counters.gaps == 1
    right.plug()
    await until(lambda: second.status.state is State.LIVE, "the return")
    other = Phone(right.b)
    one.say(b"again\n")
    await until(lambda: other.hears(b"again\n"), "across again")
    other.close()
    one.say(b"z" * 200_000)  # more than a pty takes while nobody reads
    await until(lambda: first.counters.rx_bytes == 200_025, "it came in")
    right.pull()
    await until(lambda: any("did not get across" in line.text for line in first.ring.since(0)), "the loss is said")
    assert bridge.passed[0] + bridge.lost == 200_025
    one.close()
