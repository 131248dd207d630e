"""The Serial tab as its user sees it, on a real pty pair."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from opsterm.screens.ports import PortPicker
from opsterm.screens.serial import SerialScreen
from opsterm.services.serial.ports import Port
from opsterm.services.service import State
from opsterm.tui.app import OpsTerm
from tests.cable import Cable
from tests.journeys.phone import Phone
from tests.screens.frame_app import program, said, says, shown
from tests.waiting import until


async def opened(app: OpsTerm) -> SerialScreen:
    """The tab when its port is open."""
    await until(lambda: says(app, "● open"), "the port opens")
    assert isinstance(app.screen, SerialScreen)
    screen = app.screen
    await until(lambda: screen.tx.input.has_focus, "the Tx row has the focus")
    return screen


async def receive(app: OpsTerm, phone: Phone, text: str) -> None:
    phone.say(text.encode() + b"\n")
    last = text.splitlines()[-1]
    await until(lambda: says(app, f"Rx <== {last}"), last)


async def test_a_line_each_way_and_the_draft_outlives_prompts_and_tabs(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        screen = await opened(app)
        await receive(app, phone, "ping from android")
        await pilot.press(*"test message", "enter")
        await until(lambda: says(app, "Tx ==> test message"), "the line sent")
        await until(lambda: phone.hears(b"test message\r\n"), "the line with its ending")
        await pilot.press(*"half", "tab", "colon", *"messages", "escape", "f1", "f2")
        await until(lambda: app.screen is screen, "the tab again")
        await until(lambda: says(app, "Tx CRLF text › half"), "the draft")
        phone.close()
        cable.pull()
        await until(lambda: says(app, "↻ lost"), "the loss")
        assert screen.tx.input.value == "half"
        cable.plug()
        await until(lambda: says(app, "open again"), "the return")
        assert screen.tx.input.value == "half"


async def test_a_line_typed_while_the_port_is_lost_is_marked_and_brought_back(tmp_path: Path, cable: Cable) -> None:
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        screen = await opened(app)
        cable.pull()
        await until(lambda: "↻ Device disconnected" in shown(app)[2], "the band")
        assert says(app, "Waiting for it.")
        assert says(app, "r now   esc stop waiting")
        await pilot.press(*"AT", "enter")
        await until(lambda: says(app, "Tx =X= AT"), "the mark")
        await pilot.press("up")
        assert screen.tx.input.value == "AT"
        await pilot.press("escape")
        await until(lambda: says(app, "Open ›"), "the ports")
        assert screen.service.status.state is State.OFF
        assert screen.tx.input.value == "AT"
        await until(lambda: screen.query_one(PortPicker).input.has_focus, "the field")


async def test_no_such_port_says_what_there_is_and_esc_stops_waiting(tmp_path: Path) -> None:
    app = program(tmp_path / "state", port=str(tmp_path / "NOSUCH"), front="serial")
    async with app.run_test(size=(160, 24), notifications=True) as pilot:
        await until(lambda: says(app, f"No such port: {tmp_path}/NOSUCH."), "the reason")
        await until(lambda: says(app, "Waiting for it (esc stops)."), "what it does")
        await pilot.press("escape")
        await until(lambda: says(app, "Open ›"), "the ports")


async def test_end_and_the_page_keys_belong_to_the_lines_while_the_input_is_empty(
    tmp_path: Path, cable: Cable
) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 16), notifications=True) as pilot:
        screen = await opened(app)
        await receive(app, phone, "\n".join(f"line {number}" for number in range(50)))
        await pilot.press("pageup")
        assert not screen.lines.follow
        await until(lambda: says(app, "PAUSED +0 · End to follow"), "paused")
        await pilot.press("end")
        assert screen.lines.follow
        await pilot.press(*"ab", "home", "pageup", "end")
        assert not screen.lines.follow
        assert screen.tx.input.cursor_position == 2
        await pilot.press("ctrl+end")
        assert screen.lines.follow
        phone.close()


async def test_several_lines_pasted_ask_first(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 16), notifications=True) as pilot:
        screen = await opened(app)
        await pilot.press(*"draft")
        screen.tx.input.post_message(events.Paste("one\ntwo\nthree\n"))
        await until(lambda: says(app, "Send 3 lines?"), "the question")
        assert not says(app, "Tx CRLF text ›")  # one row to type into at a time
        await pilot.press("escape")
        await until(lambda: screen.tx.input.has_focus, "the input")
        assert screen.tx.input.value == "draft"
        await pilot.press("up")
        assert screen.tx.input.value == "one"
        screen.tx.input.post_message(events.Paste("four\nfive"))
        await until(lambda: says(app, "Send 2 lines?"), "the question")
        await pilot.press("enter")
        await until(lambda: phone.hears(b"four\r\nfive\r\n"), "what was pasted")
        assert not phone.hears(b"one")
        phone.close()


async def test_tab_leads_to_the_lines_and_back(tmp_path: Path, cable: Cable) -> None:
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 16), notifications=True) as pilot:
        screen = await opened(app)
        await pilot.press("tab")
        assert screen.lines.has_focus
        await pilot.press("tab")
        assert screen.tx.input.has_focus
        await pilot.press("escape")
        assert screen.lines.has_focus


@pytest.mark.parametrize("typed", ["96OO", "7", "99999999999"])
async def test_a_wrong_baud_rate_is_said_in_the_panel(tmp_path: Path, cable: Cable, typed: str) -> None:
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(160, 24), notifications=True) as pilot:
        screen = await opened(app)
        await pilot.press("ctrl+b")
        await until(lambda: says(app, "← 9600 →"), "the panel")
        await pilot.press(*typed, "enter")
        await until(lambda: says(app, f"✖ Invalid baud rate '{typed}'"), "the refusal")
        assert says(app, "← 9600 →")
        assert screen.service.settings
        assert screen.service.settings.baud == 9600
        await pilot.press("right")
        await until(lambda: screen.service.settings and screen.service.settings.baud == 19200, "the next rate")
        await until(lambda: "19200 8N1" in shown(app)[1] and not says(app, "Invalid"), "row 2")
        await pilot.press("escape")
        await until(lambda: screen.tx.input.has_focus, "the input again")


async def test_another_port_is_opened_in_place_of_the_one_that_is_open(tmp_path: Path, cable: Cable) -> None:
    (tmp_path / "second").mkdir()
    with Cable(tmp_path / "second") as other:
        phone = Phone(other.b)
        app = program(tmp_path / "state", port=cable.a, front="serial")
        async with app.run_test(size=(160, 24), notifications=True) as pilot:
            screen = await opened(app)
            await pilot.press("ctrl+o")
            await until(lambda: says(app, "Open ›"), "the picker")
            await pilot.press("escape")
            await until(lambda: screen.tx.input.has_focus, "back to the open port")
            assert screen.service.status.state is State.LIVE
            await pilot.press("ctrl+o", *other.a, "enter")
            await until(lambda: other.a in shown(app)[1] and "● open" in shown(app)[1], "the other port")
            await receive(app, phone, "hello from the other")
            assert other.a in screen.remembered
        phone.close()


async def test_a_path_typed_in_full_beats_the_row_of_the_cursor(tmp_path: Path) -> None:
    app = program(tmp_path / "state", front="serial")
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        await until(lambda: says(app, "Open ›"), "the picker")
        assert isinstance(app.screen, SerialScreen)
        picker, chosen = app.screen.query_one(PortPicker), list[str]()
        app.screen.open = lambda settings, beside, bridged: chosen.append(settings.port)  # type: ignore[method-assign]
        picker.show([Port("/dev/ttyX10", "", ""), Port("/dev/ttyX1", "", "")])
        await choose(pilot, picker, "/dev/ttyX1")
        await until(lambda: chosen, "a port is opened")
        assert chosen == ["/dev/ttyX1"]


async def choose(pilot: Pilot[None], picker: PortPicker, typed: str) -> None:
    await until(lambda: picker.input.has_focus, "the field")
    await pilot.press(*typed, "enter")


async def test_filter_counts_live_and_a_broken_one_keeps_the_last_good_one(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        await opened(app)
        await receive(app, phone, "GET /cart\nGET /health\nPOST /cart")
        await pilot.press("tab", "slash", *"cart")
        await until(lambda: says(app, "2/3   enter keep"), "the count")
        await receive(app, phone, "DELETE /cart")
        await until(lambda: says(app, "3/4   enter keep"), "the count goes on")
        await pilot.press(*"[")
        await until(lambda: says(app, "· still showing: cart"), "the last good one")
        assert says(app, "filter: cart 3/4")
        await pilot.press("escape")
        await until(lambda: says(app, "GET /health"), "everything again")
        phone.close()


async def test_find_marks_and_goes_from_match_to_match(tmp_path: Path, cable: Cable) -> None:
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        screen = await opened(app)
        await receive(app, phone, "alpha 1\nbeta\nalpha 2")
        await pilot.press("tab", "backslash", *"alpha", "enter")
        await until(lambda: screen.lines.current() and screen.lines.current().text == "alpha 2", "the newest match")  # type: ignore[union-attr]
        await pilot.press("N")
        assert "alpha 1" in str(screen.lines.current())
        await pilot.press("n")
        assert "alpha 2" in str(screen.lines.current())
        assert says(app, "beta")
        phone.close()


async def test_copying_says_how_much_and_saving_refuses_what_exists(
    tmp_path: Path, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        await opened(app)
        await pilot.press("ctrl+c")
        await until(lambda: says(app, "Nothing to copy."), "nothing yet")
        await receive(app, phone, "one\ntwo")
        await pilot.press("ctrl+c")
        await until(lambda: any(text.startswith("Copied 2 lines, ") for text in said(app)), "how much")
        assert app.clipboard.count("Rx <==") == 2
        await pilot.press("ctrl+s")
        await until(lambda: says(app, "Save to › serial.log"), "the prompt")
        await pilot.press("enter")
        await until(lambda: any(text.startswith("Saved 2 lines to serial.log (") for text in said(app)), "saved")
        assert (tmp_path / "serial.log").read_text().count("Rx <==") == 2
        await pilot.press("ctrl+s", "enter")
        await until(lambda: says(app, "✖ serial.log exists: choose another name"), "the refusal")
        await pilot.press("escape")
        phone.close()


@pytest.mark.parametrize(("width", "kept", "gone"), [(80, "Rx 0 B", "reconnects"), (40, "0/s", "Rx 0 B")])
async def test_narrow_rows_keep_what_matters(tmp_path: Path, cable: Cable, width: int, kept: str, gone: str) -> None:
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(width, 24), notifications=True):
        await until(lambda: says(app, "FOLLOW") and says(app, "●"), "the port opens")
        status = shown(app)[-2]
        assert kept in status
        assert gone not in status
        assert all(len(row) <= width for row in shown(app))
