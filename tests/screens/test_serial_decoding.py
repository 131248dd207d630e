"""Decoders in the Serial tab: chosen, edited while lines come, wrong, remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cable import Cable
from tests.journeys.phone import Phone
from tests.screens.frame_app import program, said, says
from tests.screens.test_serial_screen import opened
from tests.waiting import until

CODE = """
def decode(line):
    line.text = "{} " + line.text
    return line
"""


@pytest.fixture
def decoders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPSTERM_CONFIG_DIR", str(tmp_path / "config"))
    folder = tmp_path / "config" / "decoders"
    folder.mkdir(parents=True)
    return folder


async def test_an_edited_decoder_takes_effect_at_once_and_a_wrong_one_leaves_the_old(
    tmp_path: Path, cable: Cable, decoders: Path
) -> None:
    phone = Phone(cable.b)
    mine = decoders / "mine.py"
    mine.write_text(CODE.format("first"))
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(160, 30), notifications=True) as pilot:
        screen = await opened(app)
        phone.say(b"one\ntwo\n")
        await until(lambda: says(app, "Rx <== two"), "lines")
        await pilot.press("tab", "colon", *"decode mine", "enter")
        await until(lambda: says(app, "Rx <== first one") and says(app, "decoder mine"), "decoded")
        mine.write_text(CODE.format("second"))
        await until(lambda: says(app, "Rx <== second one") and says(app, "Rx <== second two"), "what was there, anew")
        mine.write_text("def decode(line) return line\n")
        await until(lambda: says(app, "▲ decoders/mine.py line 1"), "what is wrong")
        phone.say(b"three\n")
        await until(lambda: says(app, "Rx <== second three"), "the old one in force")
        assert any("decoders/mine.py line 1" in each for each in said(app))
        await pilot.press("colon", *"decode nosuch", "enter")
        await until(lambda: any("nosuch" in each for each in said(app)), "that there is none")
        mine.write_text(CODE.format("third"))
        await pilot.press("colon", *"decode mine", "enter")
        await until(lambda: says(app, "Rx <== third three"), "mended")
        assert screen.service.ring[0].text == "one", "what came stays as it came"
        assert screen.service.counters.reconnects == 0
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(160, 30), notifications=True):
        await opened(app)
        phone.say(b"four\n")
        await until(lambda: says(app, "Rx <== third four"), "remembered for the port")
        phone.close()


async def test_frames_of_a_built_in_decoder(tmp_path: Path, cable: Cable, decoders: Path) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(160, 30), notifications=True) as pilot:
        screen = await opened(app)
        await pilot.press("tab", "colon", *"decode slip", "enter")
        await until(lambda: screen.service.settings is not None and screen.service.settings.framing == "byte:C0")
        phone.say(b"\xc0a\xdb\xdcb\xc0")
        await until(lambda: says(app, "decoder slip") and says(app, "61 C0 62"), "the frame")
        phone.close()
