"""The framing that the settings name, on an open port."""

from __future__ import annotations

import os
import tty
from dataclasses import replace
from pathlib import Path

import pytest

from opsterm.services.serial.choose import changed
from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.waiting import until


async def test_the_framing_of_the_settings_holds_and_can_be_changed(tmp_path: Path) -> None:
    with Cable(tmp_path) as cable:
        service, settings = SerialService(), Settings(cable.a, framing="nul")
        await service.open(settings)
        await until(lambda: service.status.state is State.LIVE, "open")
        device = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(device)
        os.write(device, b"a\nb\0")
        await until(lambda: len(service.ring) == 1, "a line that NUL ends")
        await service.retune(replace(settings, framing="len:3"))
        os.write(device, b"c\0\nd\0\n")
        await until(lambda: len(service.ring) == 3, "lines of three bytes")
        await service.close()
        os.close(device)
    assert [line.raw for line in service.ring.since(0)] == [b"a\nb", b"c\0\n", b"d\0\n"]


def test_a_framing_is_checked_with_the_other_settings() -> None:
    assert changed(Settings("/dev/ttyS9"), "framing", "idle:20ms").framing == "idle:20ms"
    with pytest.raises(BadSettingError, match="Invalid framing 'never'"):
        changed(Settings("/dev/ttyS9"), "framing", "never")
