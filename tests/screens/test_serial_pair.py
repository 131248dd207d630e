"""Two ports side by side: one time axis, a target for typed lines, one of them lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsterm.screens.ports import PortPicker
from opsterm.screens.serial import SerialScreen
from opsterm.services.serial.ports import Port
from opsterm.services.service import State
from tests.cable import Cable
from tests.journeys.phone import Phone
from tests.screens.frame_app import program, says, shown
from tests.screens.test_serial_screen import opened
from tests.waiting import until


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Cable]:
    folder = tmp_path / "other"
    folder.mkdir()
    with Cable(folder) as cable:
        yield cable


async def test_two_ports_share_a_time_axis_and_the_target_moves(tmp_path: Path, cable: Cable, other: Cable) -> None:
    phones = Phone(cable.b), Phone(other.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(140, 24), notifications=True) as pilot:
        screen = await opened(app)
        phones[0].say(b"before\n")
        await until(lambda: says(app, "Rx <== before"), "a line of before")
        await pilot.press("tab", "colon", *f"split {other.a} 9600", "enter")
        await until(lambda: screen.second is not None and screen.second.status.state is State.LIVE, "the second port")
        phones[1].say(b"21.5 C\nlogin: ")
        await until(lambda: says(app, "│") and says(app, "B Rx <== 21.5 C"), "its line, in its column")
        await until(lambda: says(app, "login: …"), "its prompt")
        phones[0].say(b"T=21.5\n")
        await until(lambda: says(app, "A Rx <== T=21.5"), "the other's line")
        assert says(app, "A Rx <== before")
        phones[1].say(b"root\n")
        await until(lambda: says(app, "login: root") and not says(app, "login: …"), "the prompt, grown in its place")
        at = {text: n for n, row in enumerate(shown(app)) for text in ("login: root", "T=21.5") if text in row}
        assert at["login: root"] < at["T=21.5"]

        await until(lambda: says(app, "Tx to A, CRLF text ›"), "the target")
        screen.tx.input.focus()
        await pilot.press("ctrl+n", *"READ", "enter")
        await until(lambda: phones[1].hears(b"READ\r\n"), "the line at B")
        await pilot.press("ctrl+n", *"both", "enter")
        await until(lambda: phones[0].hears(b"both\r\n") and phones[1].hears(b"both\r\n"), "the line at both")
        assert not phones[0].hears(b"READ")

        phones[1].close()
        other.pull()
        await until(lambda: "↻ B: Device disconnected" in shown(app)[2], "the band names the one that is lost")
        other.plug()
        await until(lambda: says(app, "open again"), "its return")
        await pilot.press("tab", "colon", *"single", "enter")
        await until(lambda: says(app, "Rx <== T=21.5") and not says(app, "B Rx <=="), "one port alone")
        assert screen.second is None
        phones[0].close()


async def test_two_marked_ports_open_side_by_side(tmp_path: Path, cable: Cable, other: Cable) -> None:
    app = program(tmp_path / "state", front="serial")
    async with app.run_test(size=(140, 24), notifications=True) as pilot:
        await until(lambda: says(app, "Open ›"), "the ports")
        screen = app.screen
        assert isinstance(screen, SerialScreen)
        picker = screen.query_one(PortPicker)
        screen.workers.cancel_group(screen, "ports")  # the ports of this machine
        picker.show([Port(each.a, "a cable") for each in (cable, other)])
        await until(lambda: says(app, "a cable"), "the list")
        await pilot.press("down", "space", "space", "enter")
        await until(lambda: screen.second is not None and screen.second.status.state is State.LIVE, "the second port")
        assert screen.first.status.state is State.LIVE
        second = screen.second
    assert second is not None
    assert second.status.state is State.OFF, "it ends with the program"


async def test_two_marked_ports_are_joined_by_b_and_both_directions_are_seen(
    tmp_path: Path, cable: Cable, other: Cable
) -> None:
    phones = Phone(cable.b), Phone(other.b)
    app = program(tmp_path / "state", front="serial")
    async with app.run_test(size=(140, 24), notifications=True) as pilot:
        await until(lambda: says(app, "Open ›"), "the ports")
        screen = app.screen
        assert isinstance(screen, SerialScreen)
        picker = screen.query_one(PortPicker)
        screen.workers.cancel_group(screen, "ports")  # the ports of this machine
        picker.show([Port(each.a, "a cable") for each in (cable, other)])
        await until(lambda: says(app, "a cable"), "the list")
        await pilot.press("down", "b")
        await until(lambda: says(app, "space marks two"), "what b takes")
        await pilot.press("space", "space", "b")
        await until(lambda: says(app, "Tx off: the ports are bridged"), "the bridge")
        await until(lambda: screen.second is not None and screen.second.status.state is State.LIVE, "the second port")
        phones[0].say(b"READ\r\n")
        await until(lambda: phones[1].hears(b"READ\r\n"), "across")
        phones[1].say(b"21.5\r\n")
        await until(lambda: phones[0].hears(b"21.5\r\n"), "and back")
        await until(lambda: says(app, "A→B READ") and says(app, "B→A 21.5"), "both directions")
        for phone in phones:
            phone.close()
