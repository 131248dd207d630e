"""The terminal that the journeys stand on, tried with programs whose every byte is known."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import keyboard
from tests.emulator import Emulator, left_on
from tests.terminal import Terminal, restored
from tests.waiting import until_now

APP = """
from textual.app import App
from textual.widgets import Button, Input, Label
class Tiny(App):
    BINDINGS = [("ctrl+pagedown", "say('paged')"), ("f2", "say('second')"), ("ctrl+q", "quit")]
    def compose(self):
        yield Label("[u]F7 ready[/u] äöü 漢字", id="said")
        yield Label(id="size")
        yield Input()
        yield Button("Press")
    def action_say(self, what):
        self.query_one("#said", Label).update(what)
    def on_input_submitted(self, event):
        self.action_say("got " + event.value)
    def on_button_pressed(self):
        self.action_say("pressed")
    def on_resize(self, event):
        self.query_one("#size", Label).update(f"{event.size.width} by {event.size.height}")
print("before the screen")
Tiny().run()
print("after the screen")
"""


def python(code: str, columns: int = 80, rows: int = 24) -> Terminal:
    return Terminal("-c", code, program=sys.executable, columns=columns, rows=rows)


def test_a_textual_program_is_seen_typed_into_clicked_resized_and_left_clean() -> None:
    with python(APP) as terminal:
        terminal.wait_for("ready äöü 漢字")
        assert terminal.front == "ready"
        assert "before the screen" not in terminal.screen
        assert not terminal.cooked
        terminal.key("f2")
        terminal.wait_for("second")
        terminal.key("ctrl+pagedown")
        terminal.wait_for("paged")
        terminal.send("Grüße")
        terminal.key("enter")
        terminal.wait_for(re.compile(r"^got Grüße$", re.MULTILINE))
        terminal.click(*terminal.find("Press"))
        terminal.wait_for(lambda screen: screen.startswith("pressed"))
        terminal.wait_gone("got")
        terminal.resize(100, 30)
        terminal.wait_for("100 by 30")
        with pytest.raises(AssertionError, match=r"left switched on: .*alternate screen.*cursor hidden"):
            restored(terminal.output)
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0
        assert restored(terminal.output)
        assert terminal.cooked
        assert terminal.screen.startswith("before the screen\nafter the screen")


def test_a_failed_wait_shows_the_screen_and_an_end_is_told_from_slowness() -> None:
    with (
        python("print('all that it said'); raise SystemExit(3)") as terminal,
        pytest.raises(AssertionError, match=r"program ended: 'more' on the screen.*\n\|all that it said"),
    ):
        terminal.wait_for("more")
    with python("print('here', flush=True); input()") as terminal:
        terminal.wait_for("here")
        with pytest.raises(AssertionError, match=r"not within 0.2 s: 'here' gone from the screen"):
            terminal.wait_gone("here", seconds=0.2)


def test_exit_status_signals_and_a_window_that_is_closed() -> None:
    with python("input(); raise SystemExit(7)") as terminal:
        terminal.key("enter")
        assert terminal.wait_exit() == 7
    with python("print('up', flush=True); input()") as terminal:
        terminal.wait_for("up")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_exit() == -signal.SIGTERM
    with python("print('up', flush=True); input()") as terminal:
        terminal.wait_for("up")
        terminal.hang_up()
        assert terminal.wait_exit() == -signal.SIGHUP
    with python("print('up', flush=True); input()") as terminal:
        terminal.wait_for("up")
        terminal.key("ctrl+c")
        terminal.wait_for(lambda screen: "KeyboardInterrupt" in screen)


def test_leaving_kills_the_program_and_its_children() -> None:
    child = "import subprocess,sys; print(subprocess.Popen(['sleep', '600']).pid, flush=True); input()"
    with python(child) as terminal:
        number = int(terminal.wait_for(re.compile(r"^\d+\n")).split()[0])
    ps = ["ps", "-o", "stat=", "-p", str(number)]
    until_now(lambda: subprocess.run(ps, capture_output=True, check=False).stdout.strip()[:1] in (b"", b"Z"))


def test_what_a_program_leaves_switched_on_is_named() -> None:
    opened = b"\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1006h\x1b[?25l\x1b[>25u\x1b[?2004h\x1b[?7l"
    closed = b"\x1b[?1006l\x1b[<u\x1b[?1000;1003l\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h"
    assert left_on(opened + closed) == []
    for piece in re.findall(rb"\x1b\[[^\x1b]+", closed):
        assert left_on(opened + closed.replace(piece, b"")), piece
    assert left_on(b"plain text") == ["alternate screen never opened"]


@given(st.lists(st.integers(0, 110)))
def test_the_picture_does_not_depend_on_how_the_bytes_were_cut(cuts: list[int]) -> None:
    asked = "\x1b[>25u\x1b[<u\x1b[?2026$p\x1b[?996n\x1b[20$p\x1b[=1u"
    written = f"a{asked}\x1bPq#1\x1b\\b\x1b[31mü\x1b[0m漢\x1b]52;c;eA==\x07c{asked}!".encode()
    emulator = Emulator(40, 2)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(written)], strict=True):
        emulator.feed(written[start:end])
    assert emulator.text() == "abü漢c!\n"


def test_half_a_wide_character_is_blank() -> None:
    emulator = Emulator(8, 2)
    emulator.feed("漢字漢\x1b[1;2Ha\x1b[1;3Hb\r\nok".encode())
    assert emulator.text() == " ab 漢\nok"


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("?", "?"),
        ("+", "+"),
        ("enter", "\r"),
        ("ctrl+q", "\x11"),
        ("alt+x", "\x1bx"),
        ("f2", "\x1bOQ"),
        ("f5", "\x1b[15~"),
        ("shift+f2", "\x1b[1;2Q"),
        ("up", "\x1b[A"),
        ("shift+up", "\x1b[1;2A"),
        ("pageup", "\x1b[5~"),
        ("ctrl+pagedown", "\x1b[6;5~"),
        ("shift+tab", "\x1b[Z"),
    ],
)
def test_keys_are_sent_as_xterm_sends_them(name: str, sent: str) -> None:
    assert keyboard.encode(name) == sent


def test_an_unknown_key_is_refused() -> None:
    for name in ("entr", "ctrl+1", "hyper+a", "shift+a"):
        with pytest.raises(KeyError):
            keyboard.encode(name)
