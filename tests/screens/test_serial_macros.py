"""Macros in the Serial tab: keys, buttons, parameters, repeats; and what the user always wants kept."""

from __future__ import annotations

from pathlib import Path

from opsterm.screens.opening import Preferences
from opsterm.services.serial.macros_config import parse_macros
from tests.cable import Cable
from tests.journeys.phone import Phone
from tests.screens.frame_app import program, said, says
from tests.screens.test_serial_screen import opened
from tests.waiting import until

MACROS = parse_macros(
    {
        "status": {"key": "F7", "send": "AT+STATUS"},
        "poll": {"key": "F9", "send": "READ {1}", "every_ms": 50},
        "ask": {"send": "WHO ${wait /me/ 5s} THANKS"},
    }
)


async def test_macros_are_played_by_key_button_and_command_and_stopped(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    preferences = Preferences(macros=MACROS)
    app = program(tmp_path / "state", port=cable.a, front="serial", preferences=preferences)
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        screen = await opened(app)
        await until(lambda: says(app, "F7 status   F9 poll 50 ms   ask"), "the buttons")
        await pilot.press("f7")
        await until(lambda: phone.hears(b"AT+STATUS\r\n"), "the line")
        await pilot.press("f9")
        await until(lambda: says(app, "poll ›"), "what to read")
        await pilot.press("enter")
        await until(lambda: says(app, "✖ poll takes 1 parameter, not 0"), "that one is needed")
        await pilot.press(*"3", "enter")
        await until(lambda: phone.heard.count(b"READ 3\r\n") > 3 or phone.hears(b"never"), "again and again")
        await until(lambda: says(app, "◐") and says(app, "sent"), "how often")
        screen.tx.input.focus()
        await pilot.press("escape")
        await until(lambda: not screen.running, "the repeat ends")
        bar = screen.query_one("#macros")
        start, _ = bar.spot("ask")  # type: ignore[attr-defined]
        await pilot.click("#macros", offset=(start, 0))
        await until(lambda: phone.hears(b"WHO\r\n"), "the question")
        phone.say(b"it is me\n")
        await until(lambda: phone.hears(b"THANKS\r\n"), "what comes after the answer")
        screen.lines.focus()
        await pilot.press("colon", *"macro nosuch", "enter")
        await until(lambda: says(app, "✖ macro NAME, which is one of status, poll, ask"), "which there are")
        await pilot.press("escape", "ctrl+p", *"Send macro sta")
        await until(lambda: says(app, "Send macro status"), "the palette")
        await pilot.press("enter")
        await until(lambda: phone.heard.count(b"AT+STATUS") == 2 or phone.hears(b"never"), "the line again")
        phone.close()
        cable.pull()
        await until(lambda: says(app, "↻ lost"), "the loss")
        await pilot.press("f7")
        await until(lambda: any("status: the port is not open" in each for each in said(app)), "why not")


async def test_what_passes_is_always_kept_where_the_user_wants_it(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    kept = tmp_path / "kept" / "{port}.jsonl"
    app = program(tmp_path / "state", port=cable.a, front="serial", preferences=Preferences(capture=str(kept)))
    async with app.run_test(size=(140, 30), notifications=True):
        await opened(app)
        await until(lambda: says(app, "capture on"), "the chip")
        phone.say(b"ping\n")
        await until(lambda: says(app, "Rx <== ping"), "a line")
    (file,) = (tmp_path / "kept").iterdir()
    assert "ping" in file.read_text()
    phone.close()
