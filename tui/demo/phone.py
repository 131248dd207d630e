"""The embedded phone: a pty whose far end answers whole lines and chats by itself."""

from __future__ import annotations

import json
import os
import select
import threading
import time
import tty
from contextlib import suppress

_GREETING_SECONDS = 0.5
_CHAT_SECONDS = 4.0
_AWAY_SECONDS = 0.05
_TEMPERATURES = (21.5, 21.6, 21.8, 21.7, 21.4, 21.3)

_ANSWERS = {
    "at": ["OK"],
    "at+gmr": ["phone 1.4.2 (demo)", "OK"],
    "at+name?": ["+NAME: android", "OK"],
    "test message": ["test message received"],
    "help": ["I answer: AT, AT+GMR, AT+NAME?, temp, login, colours, test message. Anything else comes back."],
    "colours": ["\x1b[32mgreen\x1b[0m, \x1b[1;31mbold red\x1b[0m and [/red] as it is"],
}


class Phone:
    """A stand-in for a phone behind a Bluetooth serial port.

    It greets whoever opens its port, tells its temperature now and then, and answers each line ended by CR, LF or
    both. `login` gets a prompt without a line ending. A thread does it all, from `start` to `stop`.
    """

    def __init__(self, chat_seconds: float = _CHAT_SECONDS) -> None:
        self._chat_seconds = chat_seconds
        self._master = -1
        self._stop_read, self._stop_write = -1, -1
        self._thread: threading.Thread | None = None
        # Of the talk that goes on:
        self._line = b""
        self._asked = ""
        self._said = 0

    def start(self) -> str:
        """Switch it on; returns the path of the port to open."""
        self._master, slave = os.openpty()
        tty.setraw(slave)
        path = os.ttyname(slave)
        os.close(slave)  # from now on the master reads as hung up while nobody has the port open
        os.set_blocking(self._master, False)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="demo phone", daemon=True)
        self._thread.start()
        return path

    def stop(self) -> None:
        """Switch it off: its port hangs up. May be called again."""
        thread, self._thread = self._thread, None
        if thread is not None:
            os.close(self._stop_write)
            thread.join()
            os.close(self._stop_read)
            os.close(self._master)

    def _run(self) -> None:
        while self._somebody_opens():
            self._talk()

    def _somebody_opens(self) -> bool:
        """Wait until the port is open at the other end; False when switched off."""
        while not (off := _ready(self._stop_read, 0)) and _hangs_up(self._master):
            _ready(self._stop_read, _AWAY_SECONDS)
        return not off

    def _talk(self) -> None:
        self._line, self._asked, self._said = b"", "", 0
        poll = select.poll()
        poll.register(self._stop_read, select.POLLIN)
        poll.register(self._master, select.POLLIN)
        next_chat = time.monotonic() + _GREETING_SECONDS
        while True:
            events = dict(poll.poll(max(0.0, next_chat - time.monotonic()) * 1000))
            if self._stop_read in events:
                return
            if events.get(self._master, 0) & select.POLLIN:
                self._hear()
            elif self._master in events:
                return
            elif time.monotonic() >= next_chat:
                if not self._asked:
                    self._chat()
                next_chat = time.monotonic() + self._chat_seconds

    def _hear(self) -> None:
        try:
            self._line += os.read(self._master, 4096)
        except OSError:
            return
        *lines, self._line = self._line.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._answer(line.decode("utf-8", "replace").strip())

    def _chat(self) -> None:
        if self._said % 3 == 0:
            self._say("ping from android")
        else:
            self._say(self._temperature())
        self._said += 1

    def _answer(self, line: str) -> None:
        if self._asked:
            asked, self._asked = self._asked, ""
            if asked == "login":
                self._ask("password")
            else:
                self._say("Welcome.")
        elif line.lower() == "login":
            self._ask("login")
        elif line.lower() == "temp":
            self._say(self._temperature())
        elif line:
            for answer in _ANSWERS.get(line.lower(), [f"echo: {line}"]):
                self._say(answer)

    def _temperature(self) -> str:
        return json.dumps({"temp": _TEMPERATURES[self._said % len(_TEMPERATURES)], "bat": 87}, separators=(",", ":"))

    def _ask(self, what: str) -> None:
        self._asked = what
        self._write(f"{what}: ".encode())

    def _say(self, line: str) -> None:
        self._write(line.encode() + b"\r\n")

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # nobody reads: a phone does not repeat itself
            os.write(self._master, data)


def _ready(fd: int, seconds: float) -> bool:
    return bool(select.select([fd], [], [], seconds)[0])


def _hangs_up(master: int) -> bool:
    poll = select.poll()
    poll.register(master, 0)  # the hang-up is told unasked
    return bool(poll.poll(0))
