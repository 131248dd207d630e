"""What the serial figures share: the programs compared, each in a terminal of its own, and a device to read from."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Program:
    """How one is started on a port, and what it says when the port is open."""

    command: tuple[str, ...]
    ready: bytes

    def on(self, port: str) -> list[str]:
        """The command for `port`."""
        return [word.replace("PORT", port) for word in self.command]


OPSTERM = Program((sys.executable, "-m", "opsterm.tui", "serial", "PORT", "115200", "--plain"), b"is open")
PICOCOM = Program(("picocom", "-b", "115200", "PORT"), b"Terminal ready")
MINITERM = Program((sys.executable, "-m", "serial.tools.miniterm", "--raw", "PORT", "115200"), b"Miniterm on")
TIO = Program(("tio", "-b", "115200", "PORT"), b"onnected")


class Screen:
    """The terminal of a program: keeps all that it writes, and reads it as fast as it comes."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.chunks: list[bytes] = []
        self.tail = b""
        """The last few hundred bytes."""
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self, marker: bytes, seconds: float = 50.0) -> None:
        """Return when `marker` stands at the end of what was written. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while marker not in self.tail:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {marker!r} after {self.tail!r}")
            time.sleep(0.0005)

    def _read(self) -> None:
        try:
            while data := os.read(self._fd, 65536):
                self.chunks.append(data)
                self.tail = (self.tail + data)[-400:]
        except OSError:
            return  # the program is gone


@contextmanager
def running(program: Program, port: str) -> Iterator[Screen]:
    """The screen of `program`, which has `port` open."""
    master, slave = os.openpty()
    tty.setraw(slave)
    process = subprocess.Popen(program.on(port), stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    screen = Screen(master)
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
