"""Files over the open port, as the user of the Serial tab sees it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from textual import events

from tests.cable import Cable
from tests.journeys.phone import Phone
from tests.needs import need
from tests.screens.frame_app import choose, program, said, says
from tests.screens.test_serial_screen import opened
from tests.waiting import until


async def test_a_file_that_nobody_takes_shows_how_far_it_is_and_is_stopped(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    file = tmp_path / "firmware.bin"
    file.write_bytes(os.urandom(400_000))
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(140, 24), notifications=True) as pilot:
        screen = await opened(app)
        await pilot.press("tab", "colon", *"send nosuch.bin", "enter")
        await until(lambda: any("nosuch.bin" in each for each in said(app)), "that there is none")
        await pilot.press("colon", *f"send {file}", "enter")
        await until(lambda: says(app, "◐ sending firmware.bin") and says(app, "of 400 kB"), "how far it is")
        assert "firmware.bin is not yet sent" in screen.busy
        await pilot.press("colon", *f"send {file}", "enter")
        await until(lambda: says(app, "✖ firmware.bin is under way"), "one at a time")
        await pilot.press("escape")
        screen.tx.input.focus()
        await pilot.press(*"typed", "enter")
        await until(lambda: any("busy with firmware.bin" in each for each in said(app)), "typed lines wait")
        assert screen.tx.input.value == "typed"
        await pilot.press("escape")
        await until(lambda: says(app, "firmware.bin not sent: cancelled"), "the row that it ended")
        assert not says(app, "◐ sending")
        assert screen.busy == ""
        phone.close()


async def test_a_file_sent_by_ymodem_arrives_whole_and_lines_go_on(tmp_path: Path, cable: Cable) -> None:
    need("rb")
    file = tmp_path / "firmware.bin"
    file.write_bytes(os.urandom(30_000))
    folder = tmp_path / "received"
    folder.mkdir()
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(140, 24), notifications=True) as pilot:
        await opened(app)
        with open(cable.b, "r+b", buffering=0) as port:
            receiver = subprocess.Popen(["rb", "-y"], cwd=folder, stdin=port, stdout=port, stderr=subprocess.DEVNULL)
            await pilot.press("tab", "colon", *f"send {file} ymodem", "enter")
            await until(lambda: says(app, "sent firmware.bin, 30.0 kB"), "the row that it is sent", 30)
            await until(lambda: receiver.poll() == 0, "the receiver is content")
        assert (folder / "firmware.bin").read_bytes() == file.read_bytes()
        phone = Phone(cable.b)
        phone.say(b"rebooting\n")
        await until(lambda: says(app, "Rx <== rebooting"), "lines again")
        phone.close()


async def test_a_paste_with_pauses_is_stopped_and_what_has_not_left_is_kept(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(140, 36), notifications=True) as pilot:
        screen = await opened(app)
        await pilot.press("ctrl+b")
        await choose(app, pilot, "Pause after line, ms")
        await pilot.press(*"60000", "enter")
        await until(lambda: says(app, "at most 10000"), "a pause nobody means")
        await pilot.press(*"9999", "enter", "escape")
        assert screen.line_ms == 9999
        screen.tx.input.post_message(events.Paste("first\nsecond\nthird\n"))
        await until(lambda: says(app, "Send 3 lines?"), "the question")
        await pilot.press("enter")
        await until(lambda: phone.hears(b"first\r\n"), "the first line")
        await until(lambda: says(app, "1 sent, 2 left"), "how far it is")
        await pilot.press("escape")
        await until(lambda: says(app, "2 of 3 lines not sent"), "the row that it ended")
        await until(lambda: screen.tx.input.history[-2:] == ["third", "second"], "what has not left")
        assert not phone.hears(b"second")
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(140, 36), notifications=True):
        assert (await opened(app)).line_ms == 9999, "remembered for the port"
    phone.close()
