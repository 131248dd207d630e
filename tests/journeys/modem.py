"""A modem at the other end of a line: it echoes what it hears, as real ones do, and answers AT commands."""

from __future__ import annotations

import os
import threading
import tty
from contextlib import suppress

PIN = b"1234"


class Modem:
    """Answers on a thread until it is closed. Knows AT, ATE0, ATE1, ATI, AT+CPIN? and ATD."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._fd)
        self._echo = True
        self._asked = False
        threading.Thread(target=self._listen, name="modem", daemon=True).start()

    def close(self) -> None:
        """Hang up."""
        os.close(self._fd)

    def _listen(self) -> None:
        line = b""
        with suppress(OSError):
            while data := os.read(self._fd, 1):
                if self._echo:
                    self._say(data)
                if data == b"\r":
                    self._answer(line.strip())
                    line = b""
                else:
                    line += data

    def _answer(self, command: bytes) -> None:
        if self._asked:
            self._asked = False
            self._say(b"\r\nOK\r\n" if command == PIN else b"\r\nERROR\r\n")
        elif command in (b"ATE0", b"ATE1"):
            self._echo = command == b"ATE1"
            self._say(b"\r\nOK\r\n")
        elif command == b"ATI":
            self._say(b"\r\nTestModem 56k\r\n\x1b[32mready\x1b[0m\r\nOK\r\n")
        elif command == b"AT+CPIN?":
            self._asked = True
            self._say(b"\r\nPIN: ")
        elif command.startswith(b"ATD"):
            self._say(b"\r\nNO CARRIER\r\n")
        elif command == b"AT":
            self._say(b"\r\nOK\r\n")
        elif command:
            self._say(b"\r\nERROR\r\n")

    def _say(self, data: bytes) -> None:
        os.write(self._fd, data)
