"""The other end of a line, held by a test that looks at every byte."""

from __future__ import annotations

import os
import tty


class Device:
    """Reads what came to `path`, a tty, without waiting; `got` is all of it."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        self.got = b""

    def read(self) -> bytes:
        """All that came until now."""
        try:
            while data := os.read(self.fd, 65536):
                self.got += data
        except BlockingIOError:
            pass
        return self.got
