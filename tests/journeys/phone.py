"""The other end of a line, held by the test."""

from __future__ import annotations

import os
import select
import termios
import tty
from contextlib import suppress
from pathlib import Path


class Phone:
    """Writes and reads raw bytes at `path`, a tty; never waits for the program at the near end."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd, termios.TCSANOW)
        self.heard = b""

    def say(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self.fd, data) :]
            except BlockingIOError:
                select.select([], [self.fd], [])

    def hears(self, wanted: bytes) -> bool:
        """Whether `wanted` was among all that was heard so far."""
        with suppress(BlockingIOError):
            self.heard += os.read(self.fd, 65536)
        return wanted in self.heard

    def close(self) -> None:
        os.close(self.fd)
