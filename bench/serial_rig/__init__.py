"""What the serial figures share: the programs compared, each in a terminal of its own, and a device to read from."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from typing import Any

_TAIL_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Program:
    """How one is started on a port, and what it says when the port is open."""

    command: tuple[str, ...]
    ready: bytes

    def on(self, port: str) -> list[str]:
        """The command for `port`."""
        return [word.replace("PORT", port) for word in self.command]


OPSTERM = Program((sys.executable, "-m", "opsterm.tui", "serial", "PORT", "115200", "--plain"), b"is open")
TAB = Program((str(Path(sys.executable).parent / "opsterm"), "serial", "PORT", "115200"), b" open\x1b[")
"""opsterm with its screen."""
PICOCOM = Program(("picocom", "-b", "115200", "PORT"), b"Terminal ready")
MINITERM = Program((sys.executable, "-m", "serial.tools.miniterm", "--raw", "PORT", "115200"), b"Miniterm on")
TIO = Program(("tio", "-b", "115200", "PORT"), b"onnected")


class Screen:
    """The terminal of a program: keeps all that it writes, and reads it as fast as it comes."""

    def __init__(self, fd: int, pid: int) -> None:
        self._fd = fd
        self.pid = pid
        """The program's."""
        self.chunks: list[bytes] = []
        self.tail = b""
        """The last few thousand bytes."""
        self._news = threading.Condition()
        self._wanted = b""
        self._seen_at = 0.0
        threading.Thread(target=self._read, daemon=True).start()

    def type(self, data: bytes) -> None:
        """Send `data` as keys would."""
        os.write(self._fd, data)

    def expect(self, marker: bytes) -> None:
        """Look for `marker` in what is written from now on."""
        with self._news:
            self.tail = b""
            self._wanted, self._seen_at = marker, 0.0

    def seen(self, seconds: float = 50.0) -> float:
        """When what is expected had come, on the clock of `time.perf_counter`. Raises TimeoutError."""
        with self._news:
            if not self._news.wait_for(lambda: self._seen_at, seconds):
                raise TimeoutError(f"no {self._wanted!r} after {self.tail[-400:]!r}")
            return self._seen_at

    def wait(self, marker: bytes, seconds: float = 50.0) -> None:
        """Return when `marker` was written, a moment ago or from now on. Raises TimeoutError."""
        with self._news:
            if marker in self.tail:
                return
            self._wanted, self._seen_at = marker, 0.0
        self.seen(seconds)

    def _read(self) -> None:
        try:
            while data := os.read(self._fd, 65536):
                now = time.perf_counter()
                with self._news:
                    self.chunks.append(data)
                    self.tail = (self.tail + data)[-_TAIL_BYTES:]
                    if not self._seen_at and self._wanted and self._wanted in self.tail:
                        self._seen_at = now
                        self._news.notify_all()
        except OSError:
            return  # the program is gone


@contextmanager
def running(program: Program, port: str) -> Iterator[Screen]:
    """The screen of `program`, which has `port` open; with no settings but its own."""
    master, slave = os.openpty()
    tty.setraw(slave)
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "OPSTERM_CONFIG_DIR": folder, "OPSTERM_STATE_DIR": folder, "TERM": "xterm-256color"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        process = subprocess.Popen(
            program.on(port), stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=env
        )
        screen = Screen(master, process.pid)
        try:
            screen.wait(program.ready)
            yield screen
        finally:
            process.kill()
            process.wait()
            os.close(slave)
            os.close(master)


@contextmanager
def device() -> Iterator[tuple[int, str]]:
    """A serial port made of a pty: the descriptor of the device's side, and the path of the port."""
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        os.close(master)


def act(what: str, fd: int, *figures: float) -> subprocess.Popen[Any]:
    """Have the device behind `fd` do something, in a process of its own: see `bench.serial_rig.acts`."""
    command = [sys.executable, "-m", "bench.serial_rig.acts", what, str(fd), *map(str, figures)]
    return subprocess.Popen(command, pass_fds=[fd], stdout=subprocess.PIPE, text=True)
