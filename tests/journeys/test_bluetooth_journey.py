"""The article's line over real Bluetooth: RFCOMM between two controllers, in the rig's virtual machine.

The test outside boots the machine and runs the test inside; that one drives opsterm in a terminal, with
`/dev/rfcomm0` as its port and `/dev/rfcomm1` as the phone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.phone import Phone
from tests.needs import ROOT, need, rig
from tests.terminal import Terminal, restored
from tests.waiting import until_now

pytestmark = [pytest.mark.journey, pytest.mark.rig]

INSIDE = "RIG_BLUETOOTH" in os.environ
SLOW = 90.0  # seconds: the machine is emulated, and Python starts slowly in there
STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"


@pytest.mark.skipif(INSIDE, reason="this is the side that boots the machine")
@pytest.mark.timeout(240)
def test_a_line_each_way_over_rfcomm() -> None:
    need("bluetooth")
    program = rig()
    assert program is not None
    test = f"{Path(__file__).relative_to(ROOT)}::test_inside_the_machine"
    done = subprocess.run(  # noqa: PLW1510  its status is asserted with what it printed
        ["bash", str(program / "bluetooth"), "run", sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "TIMEOUT": "220"},
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout


@pytest.mark.skipif(not INSIDE, reason="runs in the rig's virtual machine")
@pytest.mark.timeout(200)
def test_inside_the_machine() -> None:
    phone = Phone(Path("/dev/rfcomm1"))
    with Terminal("serial", "/dev/rfcomm0", "9600", columns=120, rows=40) as terminal:
        terminal.wait_for("/dev/rfcomm0", SLOW)

        def pinged() -> bool:
            phone.say(b"ping from android\n")  # again until it is seen: nobody listens before the port is open
            return bool(re.search(STAMP + r" Rx <== ping from android", terminal.screen))

        until_now(pinged, "the phone's line on the screen", SLOW, every=1.0)
        assert "● open" in terminal.line(1)
        terminal.send("test message")
        terminal.key("enter")
        terminal.wait_for(re.compile(STAMP + r" Tx ==> test message"), SLOW)
        until_now(lambda: phone.hears(b"test message\r\n"), "the line with its ending at the phone", SLOW)
        terminal.key("ctrl+q")
        assert terminal.wait_exit(SLOW) == 0
        assert restored(terminal.output)
    phone.close()
