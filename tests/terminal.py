"""A program in a real terminal: a pty in front, an emulator behind, and a test that types and reads.

with Terminal("serial", port) as terminal:
    terminal.wait_for("LIVE")
    terminal.key("ctrl+q")
    assert terminal.wait_exit() == 0
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from wcwidth import wcswidth

from tests import keyboard
from tests.emulator import Emulator, left_on

OPSTERM = str(Path(sys.executable).parent / "opsterm")

# Python's own way to run code between fork and exec is unsafe beside threads; a second, bare interpreter is not.
_TAKE_TERMINAL = (
    "import fcntl,os,sys,termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)

Wanted = str | re.Pattern[str] | Callable[[str], object]
"""Text, a regular expression, or a question about the whole screen."""


def restored(output: bytes) -> bool:
    """Whether a full-screen program that wrote `output` left the terminal as it found it; fails, naming what it left
    switched on, where it did not.
    """
    left = left_on(output)
    assert not left, f"left switched on: {', '.join(left)}"
    return True


class Terminal:
    """A running program with its own terminal, session and process group. All methods are for one test's thread.

    `arguments` go to opsterm, or to `program` where one is given. The environment is the test's, with `env` on top.
    """

    def __init__(
        self,
        *arguments: str | Path,
        program: str | Path = OPSTERM,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
    ) -> None:
        self._emulator = Emulator(columns, rows)
        self._output = bytearray()
        self._changed = threading.Condition()
        self._ended = False
        self._fault: Exception | None = None
        self._master, slave = os.openpty()
        self._wake, self._waker = os.pipe()
        self._set_size(columns, rows)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _TAKE_TERMINAL, str(program), *map(str, arguments)],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
                cwd=cwd,
            )
        finally:
            os.close(slave)
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def screen(self) -> str:
        """What the terminal shows now: its rows, each without the spaces at its end."""
        with self._changed:
            return self._emulator.text()

    @property
    def output(self) -> bytes:
        """Everything that the program has written."""
        with self._changed:
            return bytes(self._output)

    @property
    def cooked(self) -> bool:
        """Whether the terminal echoes and edits lines, as a shell expects to find it."""
        flags = termios.tcgetattr(self._master)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON and flags & termios.ISIG)

    @property
    def front(self) -> str:
        """Name of opsterm's tab in front: what the top row underlines, without its F-key."""
        with self._changed:
            return re.sub(r"^F\d+ ", "", self._emulator.underlined(0))

    def line(self, number: int) -> str:
        """One row of the screen, counted from 0, or from the bottom with a negative number."""
        return self.screen.split("\n")[number]

    def find(self, text: str) -> tuple[int, int]:
        """Where `text` begins on the screen: column and row, counted from 0."""
        for row, line in enumerate(self.screen.split("\n")):
            if (at := line.find(text)) >= 0:
                return wcswidth(line[:at]), row
        raise self._failure(f"not on the screen: {text!r}")

    def send(self, text: str | bytes) -> None:
        """Send `text` as if it were typed."""
        data = text.encode() if isinstance(text, str) else text
        while data:
            data = data[os.write(self._master, data) :]

    def key(self, *names: str) -> None:
        """Press keys by their names: `ctrl+q`, `f2`, `enter`, `ctrl+pagedown`."""
        for name in names:
            self.send(keyboard.encode(name))

    def click(self, x: int, y: int) -> None:
        """Click with the left button on a cell, counted from 0; `click(*terminal.find("Quit"))` clicks on a text."""
        self.send(keyboard.click(x, y))

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; the program is told by SIGWINCH."""
        with self._changed:
            self._emulator.resize(rows, columns)
        self._set_size(columns, rows)

    def wait_for(self, wanted: Wanted, seconds: float = 15.0) -> str:
        """The first screen with `wanted` on it; fails, showing the screen, after `seconds` or at the program end."""
        return self._wait(wanted, True, seconds)

    def wait_gone(self, unwanted: Wanted, seconds: float = 15.0) -> str:
        """The first screen without `unwanted`; fails like `wait_for`."""
        return self._wait(unwanted, False, seconds)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Take the terminal away, as closing its window does: the system sends SIGHUP, and nothing more is read."""
        os.write(self._waker, b"x")
        self._reader.join()
        os.close(self._master)
        self._master = -1

    def wait_exit(self, seconds: float = 15.0) -> int:
        """The program's exit status (negative: the signal that ended it), when all that it wrote has been read."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise self._failure(f"still running after {seconds} s") from None
        self._reader.join(seconds)
        return status

    def close(self) -> None:
        """Kill what is left of the program and let go of the terminal; a second call does nothing."""
        if self._wake < 0:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.write(self._waker, b"x")
        self._reader.join()
        for descriptor in (self._master, self._wake, self._waker):
            if descriptor >= 0:
                os.close(descriptor)
        self._wake = -1

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._wake], [], [])
            data = b""
            if self._wake not in ready:
                with contextlib.suppress(OSError):  # Linux says EIO where others say end of file
                    data = os.read(self._master, 65536)
            with self._changed:
                self._output += data
                try:
                    self._emulator.feed(data)
                except Exception as error:  # whatever the emulator stumbles over belongs in the test's message
                    self._fault = error
                self._ended = not data
                self._changed.notify_all()
            if not data:
                return

    def _wait(self, wanted: Wanted, there: bool, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                screen = self._emulator.text()
                if _holds(screen, wanted) is there:
                    return screen
                left = deadline - time.monotonic()
                if self._ended or left < 0:
                    why = "the program ended" if self._ended else f"not within {seconds} s"
                    raise self._failure(f"{why}: {wanted!r} {'on' if there else 'gone from'} the screen")
                self._changed.wait(min(left, 0.1))  # a question may also ask about things outside the screen

    def _failure(self, what: str) -> AssertionError:
        frame = "\n".join(f"|{row}" for row in self._emulator.text().rstrip().split("\n"))
        fault = f"; the emulator failed: {self._fault!r}" if self._fault else ""
        return AssertionError(f"{what}; exit status {self.process.poll()}{fault}; the terminal shows:\n{frame}")

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _holds(screen: str, wanted: Wanted) -> bool:
    if isinstance(wanted, str):
        return wanted in screen
    if isinstance(wanted, re.Pattern):
        return wanted.search(screen) is not None
    return bool(wanted(screen))
