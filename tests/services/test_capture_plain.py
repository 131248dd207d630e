"""`opsterm serial PORT --plain --capture FILE` and `opsterm replay FILE` as a user calls them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tty
from pathlib import Path

import pytest

from tests.cable import Cable
from tests.waiting import until_now

OPSTERM = (sys.executable, "-m", "opsterm.tui")


def opsterm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OPSTERM, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_what_passes_is_captured_and_played_again(tmp_path: Path) -> None:
    with Cable(tmp_path) as cable:
        device = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(device)
        file = tmp_path / "a.jsonl"
        with subprocess.Popen(
            [*OPSTERM, "serial", cable.a, "--plain", "--capture", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(b"ping\n")
            process.stdin.flush()
            assert os.read(device, 100) == b"ping\r\n"
            os.write(device, b"pong \xff\nlogin: ")
            until_now(lambda: file.exists() and b'"login: "' in file.read_bytes(), "the prompt, while it goes on")
            process.send_signal(signal.SIGINT)
            shown = process.stdout.read().decode()
        os.close(device)
    assert [re.sub(r"^.{26} ", "", row) for row in shown.splitlines()] == [
        "Tx ==> ping",
        "Rx <== pong \\xFF",
        "Rx <== login: …",
    ]
    played = opsterm("replay", str(file), "--speed", "max", "--plain")
    assert (played.returncode, played.stdout) == (0, shown)
    assert played.stderr == f"opsterm: End of {file}, 3 lines.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("serial", "/dev/ttyS99", "--plain", "--capture", "/no/a.txt"), "Cannot capture to /no/a.txt: No such file"),
        (("serial", "x", "--plain", "--capture", "a.txt", "--rotate", "week"), "Invalid rotation 'week': day, or"),
        (("replay", "/no/a.txt"), "Cannot play /no/a.txt: No such file or directory."),
        (("replay", "a.txt", "--speed", "slow"), "Invalid speed 'slow': max, or a number such as 10."),
    ],
)
def test_what_cannot_be_is_told_in_one_line(arguments: tuple[str, ...], says: str) -> None:
    done = opsterm(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"opsterm: {says}")


def test_a_long_capture_is_played_whole_to_a_slow_reader(tmp_path: Path) -> None:
    many = 250_000  # more than a ring holds
    file = tmp_path / "a.txt"
    file.write_text("".join(f"2020-08-31 10:44:50.995281 Rx <== {number}\n" for number in range(many)))
    with subprocess.Popen([*OPSTERM, "replay", str(file), "--speed", "max"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.read() == file.read_bytes()
    assert process.returncode == 0
