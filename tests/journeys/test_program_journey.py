"""What only a real terminal shows of the program: how it starts, what it refuses, and how it ends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cable import Cable
from tests.terminal import OPSTERM, Terminal, restored

pytestmark = pytest.mark.journey


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The file of the settings, in the folder where the program looks."""
    folder = Path(os.environ["OPSTERM_CONFIG_DIR"])
    folder.mkdir()
    return folder / "config.toml"


@pytest.mark.parametrize("plain", [[], ["--plain"]])
def test_a_bad_baud_rate_is_refused_in_a_sentence(cable: Cable, plain: list[str]) -> None:
    with Terminal("serial", cable.a, "96OO", *plain) as terminal:
        assert terminal.wait_exit() == 2
        sentence = "opsterm: Invalid baud rate '96OO': a whole number from 50 to 20000000."
        assert terminal.screen.strip() == sentence
        assert b"\x1b" not in terminal.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("them = 'x'\n", "unknown key 'them', did you mean 'theme'?"),
        ("[serial]\nbaud = '9600'\n", "serial.baud takes a whole number, not '9600'"),
        ('[keys]\n"line.wrap" = "q"\n', "keys: 'line.wrap' and 'frame.back' would both be 'q'."),
    ],
)
def test_a_wrong_setting_is_refused_naming_file_and_key(config: Path, text: str, said: str) -> None:
    config.write_text(text)
    with Terminal("demo") as terminal:
        terminal.wait_for("DEMO")  # stand-ins only, and nobody's settings
    with Terminal(columns=200) as terminal:
        assert terminal.wait_exit() == 2
        assert terminal.screen.strip() == f"opsterm: {config}: {said}"


def test_own_keys_act_and_show(config: Path, cable: Cable) -> None:
    config.write_text('[keys]\n"serial.settings" = "ctrl+y"\n')
    with Terminal("serial", cable.a, columns=120) as terminal:
        terminal.wait_for("ctrl+y settings")
        terminal.key("ctrl+y")
        terminal.wait_for("Flow control")


def test_a_state_that_cannot_be_written_costs_one_line(tmp_path: Path, cable: Cable) -> None:
    (tmp_path / "state").write_text("in the way of a folder")
    with Terminal("serial", cable.a, columns=120, env={"OPSTERM_STATE_DIR": str(tmp_path / "state")}) as terminal:
        terminal.wait_for("Nothing will be remembered")
        terminal.wait_for("● open")
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0
        assert restored(terminal.output)


def test_ctrl_q_ends_it_while_the_other_side_takes_nothing(tmp_path: Path) -> None:
    master, slave = os.openpty()
    try:
        with Terminal("serial", os.ttyname(slave), columns=120, rows=24) as terminal:
            terminal.wait_for("● open")
            paste = "\r".join("x" * 80 for _ in range(2_000))
            terminal.send(f"\x1b[200~{paste}\x1b[201~")
            terminal.wait_for("Send 2,000 lines?")
            terminal.key("enter")
            terminal.wait_for("not yet taken")
            terminal.key("ctrl+q")
            assert terminal.wait_exit(5) == 0
            assert restored(terminal.output)
    finally:
        os.close(master)
        os.close(slave)


def test_the_terminal_may_shrink_to_nothing_and_grow_again(cable: Cable) -> None:
    with Terminal("serial", cable.a, columns=120, rows=40) as terminal:
        terminal.wait_for("● open")
        terminal.resize(36, 7)
        terminal.wait_for("opsterm needs 40×8 (now 36×7)")
        terminal.resize(40, 12)
        terminal.wait_for("1● 2○ 3○")
        terminal.resize(160, 40)
        terminal.wait_for("F1 Serial ●")
        terminal.wait_for("115200 8N1")


def test_in_ascii_and_without_colour(cable: Cable) -> None:
    with Terminal("serial", cable.a, columns=120, env={"OPSTERM_ASCII": "1", "NO_COLOR": "1"}) as terminal:
        terminal.wait_for("* open")
        assert terminal.screen.isascii()
        assert terminal.front == "Serial"


def test_without_a_terminal_it_says_what_to_do() -> None:
    done = subprocess.run([OPSTERM], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "opsterm: the screen needs a terminal. Without one: opsterm serial|logs|build … --plain.\n"
