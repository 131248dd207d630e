"""The views of the Serial tab: text, hex, both, and the device's colours."""

from __future__ import annotations

from pathlib import Path

from tests.cable import Cable
from tests.journeys.phone import Phone
from tests.screens.frame_app import program, says
from tests.screens.test_serial_screen import opened
from tests.waiting import until


async def test_hex_shows_every_byte_and_text_comes_back(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        await opened(app)
        phone.say(b"\x02AT+GMR\x1b[31m red\xff 0123456789\n")
        await until(lambda: says(app, "Rx <== ␂AT+GMR red"), "the line as text")
        await pilot.press("tab", "2")
        await until(lambda: says(app, "Rx <== 00000000  02 41 54 2B 47 4D 52 1B  5B 33 31 6D 20 72 65 64"), "in hex")
        await until(lambda: says(app, "00000010  FF 20 30 31"), "the second row")
        assert says(app, "hex utf-8")
        await pilot.press("3")
        await until(lambda: says(app, "│ ␂AT+GMR␛[31m red"), "hex and text")
        await pilot.press("1")
        await until(lambda: says(app, "text utf-8"), "text again")
        await pilot.press("tab", *"123")
        await until(lambda: says(app, "text › 123"), "digits are text in the Tx row")
        assert says(app, "text utf-8")
        phone.close()


async def test_hex_takes_fewer_bytes_a_row_where_there_is_less_room(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await opened(app)
        phone.say(b"0123456789abcdef\n")
        await until(lambda: says(app, "Rx <== 0123"), "the line")
        await pilot.press("tab", "3")
        await until(lambda: says(app, "00000008  38 39 61 62 63 64 65 66 │ 89abcdef"), "eight bytes a row")
        phone.close()
