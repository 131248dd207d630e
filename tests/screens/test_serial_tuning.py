"""Setting the open port: the panel, `:set`, and the lines beside the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsterm.services.serial.choose import settings_for
from opsterm.services.serial.modem import ModemLines
from opsterm.services.serial.service import SerialService
from tests.cable import Cable
from tests.journeys.phone import Phone
from tests.screens.frame_app import choose, program, says
from tests.screens.test_serial_screen import opened
from tests.waiting import until


async def test_set_takes_any_value_and_it_is_remembered_for_the_port(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        screen = await opened(app)
        await pilot.press("tab", "colon", *"set framing len:4", "enter")
        await until(lambda: screen.service.settings is not None and screen.service.settings.framing == "len:4")
        phone.say(b"abcdefgh")
        await until(lambda: says(app, "Rx <== efgh"), "lines of four")
        await pilot.press("tab", "tab", "colon", *"set baud 12", "enter")
        await until(lambda: says(app, "✖ Invalid baud rate '12'"), "the refusal")
        await pilot.press("escape", "colon", *"set speed 9600", "enter")
        await until(lambda: says(app, '✖ no setting "speed"'), "what can be set")
        assert settings_for(cable.a, screen.remembered, {}, {}).framing == "len:4"
        phone.close()


async def test_what_is_typed_can_be_hex_or_escapes_and_a_wrong_line_stays(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        screen = await opened(app)
        await pilot.press("ctrl+b")
        await choose(app, pilot, "Typed lines are")
        assert not says(app, "Pulse DTR"), "a pty has no such lines"
        await pilot.press("right", "right", "escape")
        await until(lambda: says(app, "Tx hex ›"), "how lines are read")
        await until(lambda: screen.tx.input.has_focus)
        await pilot.press(*"$AA 5", "enter")
        await until(lambda: says(app, "Not sent: '5' is no pair"), "the refusal")
        assert screen.tx.input.value == "$AA 5"
        await pilot.press("5", "enter")
        await until(lambda: phone.hears(b"\xaa\x55"), "the bytes")
        assert screen.service.counters.tx_bytes == 2
        assert screen.service.counters.tx_lines == 1
        assert not phone.hears(b"\r"), "hex says every byte that is meant"
        await pilot.press("ctrl+b")
        await choose(app, pilot, "Show sent lines")
        await pilot.press("right")
        await until(lambda: not says(app, "Tx ==>"), "sent lines are left out")
        phone.close()


async def test_modem_lines_are_shown_and_switched(
    tmp_path: Path, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = {"dtr": True, "rts": True, "cts": False, "dsr": True, "cd": False, "ri": False}

    async def read(_: SerialService) -> ModemLines:
        return ModemLines(**lines)

    async def switch(_: SerialService, name: str, on: bool) -> None:
        lines[name] = on

    monkeypatch.setattr(SerialService, "read_lines", read)
    monkeypatch.setattr(SerialService, "set_line", switch)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(200, 30), notifications=True) as pilot:
        screen = await opened(app)
        await until(lambda: says(app, "DTR   RTS   cts DSR cd ri"), "the lines")
        bar = screen.query_one("#context")
        start, _ = bar.spot("line dtr")  # type: ignore[attr-defined]
        await pilot.click("#context", offset=(start, 0))
        await until(lambda: says(app, "dtr   RTS   cts DSR cd ri"), "DTR off")
        await pilot.press("tab", "colon", *"pulse cts", "enter")
        await until(lambda: says(app, "✖ pulse dtr or pulse rts"), "what can be pulsed")
        await pilot.press("escape", "colon", *"break", "enter")
        await until(lambda: says(app, "does not support BREAK") or says(app, "BREAK 250 ms"), "done or said")


async def test_i_shows_what_is_counted(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        screen = await opened(app)
        phone.say(b"one\ntwo\n")
        await until(lambda: says(app, "Rx <== two"), "lines")
        await pilot.press(*"abc", "enter", "tab", "i")
        await until(lambda: says(app, "Statistics"), "the panel")
        await until(lambda: says(app, "Rx bytes     8 B") and says(app, "Tx bytes     5 B"), "bytes each way")
        assert says(app, "not counted here")
        screen.lines.focus()
        await pilot.press("i")
        await until(lambda: not says(app, "Statistics"), "closed by the same key")
        phone.close()
