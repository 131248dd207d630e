"""The Serial tab in a real terminal, on a real line: two ptys joined by a cable that can be pulled."""

from __future__ import annotations

import re
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.cable import Cable
from tests.journeys.modem import Modem
from tests.journeys.phone import Phone
from tests.terminal import Terminal, restored
from tests.waiting import until_now

pytestmark = pytest.mark.journey

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"


def test_a_line_each_way_stamped_then_the_cable_is_pulled_and_put_back(cable: Cable) -> None:
    phone = Phone(cable.b)
    with Terminal("serial", cable.a, "9600", columns=120, rows=40) as terminal:
        terminal.wait_for("● open")
        assert "9600 8N1" in terminal.line(1)
        phone.say(b"ping from android\n")
        terminal.wait_for(re.compile(STAMP + r" Rx <== ping from android"))
        terminal.send("test message")
        terminal.key("enter")
        terminal.wait_for(re.compile(STAMP + r" Tx ==> test message"))
        until_now(lambda: phone.hears(b"test message\r\n"), "the line with its ending at the phone")

        phone.say(b"last words\n")
        terminal.wait_for("last words")
        phone.close()
        cable.pull()
        terminal.wait_for("lost: device disconnected")
        terminal.wait_for("↻ lost")
        terminal.send("into the void")
        terminal.key("enter")
        terminal.wait_for(re.compile(r"Tx =X= into the void"))

        cable.plug()
        terminal.wait_for("open again")
        terminal.wait_for("● open")
        phone = Phone(cable.b)
        phone.say(b"back again\n")
        terminal.wait_for(re.compile(STAMP + r" Rx <== back again"))
        assert not phone.hears(b"void")  # what did not leave is never sent later by itself
        terminal.key("up")
        terminal.wait_for("› into the void")
        terminal.key("enter")
        until_now(lambda: phone.hears(b"into the void\r\n"), "the line, sent again by hand")
        phone.close()
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0
        assert restored(terminal.output)
        assert terminal.cooked


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_clean(cable: Cable, number: signal.Signals) -> None:
    with Terminal("serial", cable.a) as terminal:
        terminal.wait_for("● open")
        terminal.signal(number)
        assert terminal.wait_exit() == 128 + number
        assert restored(terminal.output)
        assert terminal.cooked


def test_tabs_by_keyboard_at_80x24_also_while_typing(cable: Cable) -> None:
    with Terminal("serial", cable.a, columns=80, rows=24) as terminal:
        terminal.wait_for("● open")
        terminal.send("half a li")
        terminal.wait_for("› half a li")
        round_ = (("f2", "Pods"), ("f3", "Builds"), ("f4", "Traces"), ("ctrl+pagedown", "Serial"))
        for key, seen in (*round_, ("ctrl+pageup", "Traces")):
            terminal.key(key)
            terminal.wait_for(partial(shows, terminal, seen))
        terminal.key("ctrl+g")
        terminal.wait_for(re.compile(r"^ +a "))
        terminal.send("a")
        terminal.wait_for("› half a li")
        assert terminal.front == "Serial"


def shows(terminal: Terminal, tab: str, _: str) -> bool:
    return terminal.front == tab


def test_a_device_cannot_touch_the_terminal(cable: Cable) -> None:
    phone = Phone(cable.b)
    with Terminal("serial", cable.a, columns=120, rows=40) as terminal:
        terminal.wait_for("● open")
        phone.say(b"[/red] [@click=app.bell]x[/] \x1b]0;owned\x07\x1b[2Jtitle \xe2\x80\xae bidi \xff\xfe\x00end\r\n")
        terminal.wait_for("␀end")
        assert "[/red] [@click=app.bell]x[/]" in terminal.screen
        assert "<U+202E>" in terminal.screen
        assert "\\xFF\\xFE␀end" in terminal.screen
        assert b"owned" not in terminal.output
        phone.say(b"m" * 1_000_000 + b"\nafter the flood\n")
        terminal.wait_for("after the flood")
        phone.close()


def test_a_capture_is_played_again_in_the_tab(tmp_path: Path) -> None:
    capture = tmp_path / "talk.txt"
    capture.write_text(
        "2020-08-31 10:44:50.995281 Rx <== ping from android\n2020-08-31 10:44:51.000410 Tx ==> test message\n"
    )
    with Terminal("replay", str(capture), columns=120, rows=24) as terminal:
        terminal.wait_for("○ ended")
        terminal.wait_for("2020-08-31 10:44:50.995281 Rx <== ping from android")
        terminal.wait_for("2020-08-31 10:44:51.000410 Tx ==> test message")
        terminal.send("2")
        terminal.wait_for("00000000  70 69 6E 67 20 66 72 6F  6D 20 61")
        terminal.send("1r")
        terminal.wait_for("4 lines")
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0
        assert restored(terminal.output)


def test_two_ports_from_the_command_line_and_what_passes_is_captured(cable: Cable, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    capture = tmp_path / "talk.jsonl"
    with (
        Cable(tmp_path / "other") as other,
        Terminal(
            *("serial", cable.a, "9600", "--no-reset", "--split", other.a, "--capture", str(capture)),
            columns=160,
            rows=24,
        ) as terminal,
    ):
        phone, thermometer = Phone(cable.b), Phone(other.b)
        terminal.wait_for(re.compile(r"A \S+ 9600   ● open"))
        terminal.wait_for(re.compile(r"B \S+ 9600   ● open"))
        terminal.wait_for("capture on")
        phone.say(b"ping\n")
        thermometer.say(b"21.5 C\n")
        terminal.wait_for("A Rx <== ping")
        terminal.wait_for("B Rx <== 21.5 C")
        terminal.key("ctrl+n")
        terminal.wait_for("Tx to B, CRLF text ›")
        terminal.send("READ\r")
        until_now(lambda: thermometer.hears(b"READ\r\n"), "the line at the other port")
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0
        assert b"ping" in capture.read_bytes()
        second = (tmp_path / "talk.B.jsonl").read_bytes()
        assert b"21.5 C" in second
        assert b"READ" in second
        assert b"ping" not in second
        phone.close()
        thermometer.close()


def test_a_modem_is_talked_to_as_its_owner_would(cable: Cable) -> None:
    modem = Modem(cable.b)
    with Terminal("serial", cable.a, "9600", "--ending", "cr", columns=100, rows=30) as terminal:
        terminal.wait_for("● open")
        terminal.send("AT\r")
        terminal.wait_for(re.compile(r"Tx ==> AT\s"))
        terminal.wait_for(re.compile(r"Rx <== AT\s"))  # the modem's echo
        terminal.wait_for(re.compile(r"Rx <== OK\s"))
        terminal.send("ATE0\r")
        terminal.wait_for("Rx <== ATE0")
        terminal.send("ATI\r")
        terminal.wait_for("Rx <== TestModem 56k")
        terminal.wait_for("Rx <== ready")  # its colour is no text
        assert "Rx <== ATI" not in terminal.screen
        terminal.send("AT+CPIN?\r")
        terminal.wait_for("Rx <== PIN: …")
        terminal.send("1234\r")
        terminal.wait_for(re.compile(r"PIN: …\s+\S+ \S+ Tx ==> 1234"))  # the prompt stays, and its answer follows
        terminal.key("up")
        terminal.key("up")
        terminal.wait_for("› AT+CPIN?")
        terminal.key("ctrl+u")
        terminal.send("ATD123\r")
        terminal.wait_for("Rx <== NO CARRIER")
        terminal.key("tab")
        terminal.send("/carrier")
        terminal.wait_for("filter: carrier 1/")
        terminal.key("enter")
        terminal.send("2")
        terminal.wait_for("4E 4F 20 43 41 52 52 49")
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0
    modem.close()
