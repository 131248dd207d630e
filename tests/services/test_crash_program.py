"""How the program ends when it breaks: terminal whole, status 1, nobody's data shown, and the story in the log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broken_program import SECRET
from tests.needs import ROOT
from tests.terminal import Terminal, restored
from tests.waiting import until_now


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Terminal]:
    arguments = ("-m", "tests.broken_program", tmp_path)
    with Terminal(*arguments, program=sys.executable, cwd=ROOT, columns=120, rows=30) as terminal:
        terminal.wait_for("? help")
        until_now((tmp_path / "opsterm.log").exists, "the log, opened after the first paint")
        yield terminal


@pytest.mark.parametrize("key", ["X", "Y"])
def test_a_crash_leaves_the_terminal_whole_and_says_where_the_log_is(
    broken: Terminal, tmp_path: Path, key: str
) -> None:
    broken.send(key)
    assert broken.wait_exit() == 1
    assert restored(broken.output)
    assert broken.cooked
    path = tmp_path / "opsterm.log"
    log = path.read_text()
    assert "RuntimeError: broken on purpose, 7 letters" in broken.screen
    assert f"opsterm crashed. The log is {path}." in broken.screen.replace("\n", "")
    assert "RuntimeError: broken on purpose, 7 letters" in log
    assert "fail()" in log
    assert SECRET not in log
    assert SECRET.encode() not in broken.output


@pytest.mark.parametrize("key", ["W", "Z"])
def test_what_fails_in_the_background_is_said_and_logged_and_the_rest_goes_on(
    broken: Terminal, tmp_path: Path, key: str
) -> None:
    broken.send(key)
    broken.wait_for("RuntimeError: broken on purpose, 7 letters")
    log = (tmp_path / "opsterm.log").read_text()
    assert "Traceback" in log
    assert "broken on purpose, 7 letters" in log
    broken.key("f3")
    broken.wait_for(lambda _: broken.front == "Other")
    broken.key("ctrl+q")
    assert broken.wait_exit() == 0
    assert restored(broken.output)
