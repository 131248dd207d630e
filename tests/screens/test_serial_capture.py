"""What passes, written to a file by a command; and a port that is no device."""

from __future__ import annotations

import asyncio
from pathlib import Path

from opsterm.services.serial.records import from_plain
from opsterm.tui.app import OpsTerm
from tests.cable import Cable
from tests.journeys.phone import Phone
from tests.screens.frame_app import program, said, says
from tests.waiting import until


async def command(app: OpsTerm, text: str) -> None:
    """Type a command, from the lines."""
    async with asyncio.timeout(10):
        app.screen.action_command()  # type: ignore[attr-defined]  # every tab has the bar
        app.screen.prompt.input.value = text  # type: ignore[attr-defined]
        await app.screen.prompt.input.action_submit()  # type: ignore[attr-defined]


async def test_a_capture_holds_what_passed_between_its_two_commands(tmp_path: Path) -> None:
    file = tmp_path / "talk.txt"
    with Cable(tmp_path) as cable:
        phone = Phone(cable.b)
        app = program(tmp_path / "state", port=cable.a, front="serial")
        async with app.run_test(size=(120, 24), notifications=True) as pilot:
            await until(lambda: says(app, "● open"), "the port opens")
            phone.say(b"before\n")
            await until(lambda: says(app, "Rx <== before"), "a line before")
            await command(app, f"capture {file}")
            await until(lambda: says(app, "capture on"), "the chip")
            phone.say(b"while it is on\n")
            await until(lambda: says(app, "Rx <== while"), "a line")
            await pilot.press(*"sent", "enter")
            await until(lambda: says(app, "Tx ==> sent"), "the other way")
            await command(app, "capture off")
            await until(lambda: any("Captured" in text for text in said(app)), "that it ended")
            phone.say(b"after\n")
            await until(lambda: says(app, "Rx <== after"), "a line after")
        phone.close()
    lines = [from_plain(row).text for row in file.read_bytes().splitlines()]
    assert lines == ["while it is on", "sent"]


async def test_what_cannot_be_captured_is_said(tmp_path: Path) -> None:
    app = program(tmp_path / "state", front="serial")
    async with app.run_test(size=(120, 24), notifications=True):
        await until(lambda: says(app, "Open ›"), "the ports")
        await command(app, "capture off")
        await until(lambda: says(app, "✖ nothing is being captured"), "the answer")
        app.screen.prompt.give_up()  # type: ignore[attr-defined]
        await command(app, f"capture {tmp_path}/nowhere/talk.txt")
        await until(lambda: any("Cannot capture to" in text for text in said(app)), "why not")


async def test_a_socket_has_no_baud_rate(tmp_path: Path) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello over tcp\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    app = program(tmp_path / "state", port=f"socket://127.0.0.1:{port}", front="serial")
    async with app.run_test(size=(120, 24)):
        await until(lambda: says(app, "Rx <== hello over tcp"), "the line")
        assert says(app, f"socket://127.0.0.1:{port}   ● open")
        assert not says(app, "8N1")
    server.close()


async def test_a_capture_that_cannot_be_leaves_the_one_before(tmp_path: Path, cable: Cable) -> None:
    file = tmp_path / "talk.txt"
    phone = Phone(cable.b)
    app = program(tmp_path / "state", port=cable.a, front="serial")
    async with app.run_test(size=(120, 24), notifications=True):
        await until(lambda: says(app, "● open"), "the port opens")
        await command(app, f"capture {file}")
        await until(lambda: says(app, "capture on"), "the chip")
        await command(app, f"capture {tmp_path}/nowhere/x.txt")
        await until(lambda: any("Cannot capture" in text for text in said(app)), "why not")
        phone.say(b"still kept\n")
        await until(lambda: file.exists() and "still kept" in file.read_text(), "the one before goes on")
        assert says(app, "capture on")
        phone.close()
