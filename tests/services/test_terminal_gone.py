"""A terminal that goes away without a signal: the program ends all the same."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

from tests.needs import ROOT


def test_a_program_whose_terminal_is_gone_ends(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "OPSTERM_STATE_DIR": str(tmp_path), "COLORFGBG": "15;0"}
    # A session of its own, and the terminal is not its controlling one: nobody sends it SIGHUP.
    command = [sys.executable, "-m", "opsterm.tui", "demo"]
    program = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    try:
        seen = b""
        while b"ping from android" not in seen:
            assert select.select([master], [], [], 30)[0], seen[-500:]
            seen += os.read(master, 65536)
        os.close(master)
        assert program.wait(30) == 129
    finally:
        program.kill()
        program.wait()
