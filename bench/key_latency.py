"""How long a typed character takes to the screen while 20,000 lines/s arrive, against an empty app with an input."""

from __future__ import annotations

import os
import pty
import select
import statistics
import struct
import sys
import tempfile
import termios
import threading
import time
import tty
from fcntl import ioctl
from pathlib import Path

from bench.harness import Result

KEYS = 120
LINES_A_SECOND = 20_000
SIGN = "ж".encode()  # in no line that arrives
OPSTERM = str(Path(sys.executable).parent / "opsterm")
EMPTY = (
    "from textual.app import App\nfrom textual.widgets import Input\n"
    "class Empty(App):\n    def compose(self):\n        yield Input(placeholder='ready')\nEmpty().run()\n"
)


def main() -> Result:
    """The 95th percentile of both."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "OPSTERM_CONFIG_DIR": folder, "OPSTERM_STATE_DIR": folder, "TERM": "xterm-256color"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        with Device() as device:
            ours = latencies([OPSTERM, "serial", device.path], b"GET /cart", env)
        theirs = latencies([sys.executable, "-c", EMPTY], b"ready", env)
    return Result("key latency p95", p95(ours), p95(theirs), "ms", "empty app, no lines", "lower")


def p95(seconds: list[float]) -> float:
    """The 95th percentile, in milliseconds."""
    return statistics.quantiles(seconds, n=20)[-1] * 1000


class Device:
    """A pty that says `LINES_A_SECOND` from a process of its own, so that it does not share our interpreter."""

    def __enter__(self) -> Device:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._slave = slave  # held open: the line exists before opsterm comes and after it goes
        self._pid = os.fork()
        if self._pid == 0:
            flood(self._master)
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, 9)
        os.waitpid(self._pid, 0)
        os.close(self._master)
        os.close(self._slave)


def flood(fd: int) -> None:
    """Write numbered lines at the rate, for ever; what the reader does not take in time is written later."""
    begin, number = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - begin) * LINES_A_SECOND)
        data = b"".join(b"%08d GET /cart?page=%d 200 12 ms\r\n" % (each, each % 9) for each in range(number, due))
        while data:
            data = data[os.write(fd, data) :]
        number = due
        time.sleep(0.01)


def latencies(command: list[str], marker: bytes, env: dict[str, str]) -> list[float]:
    """Seconds from each key to the terminal's having it, `KEYS` of them, after `marker` was painted."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, env)
    ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    screen = Screen(fd)
    screen.wait(marker, 20)
    time.sleep(1.0)
    found = []
    for number in range(KEYS):
        typed = number % 40 + 1
        if typed == 1:
            os.write(fd, b"\x15")  # ctrl+u: an empty input
            time.sleep(0.3)
        screen.forget()
        begin = time.perf_counter()
        os.write(fd, SIGN)
        screen.wait(SIGN * typed, 10)
        found.append(time.perf_counter() - begin)
        time.sleep(0.037)  # no multiple of any tick
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return found


class Screen:
    """What the program writes, read all the time."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._seen = b""
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def forget(self) -> None:
        """Look only at what comes from now on."""
        with self._news:
            self._seen = b""

    def wait(self, wanted: bytes, seconds: float) -> None:
        """Return as soon as `wanted` was written."""
        with self._news:
            if not self._news.wait_for(lambda: wanted in self._seen, seconds):
                raise TimeoutError(f"{wanted!r} was not painted")

    def _read(self) -> None:
        while True:
            select.select([self._fd], [], [])
            try:
                data = os.read(self._fd, 1 << 20)
            except OSError:
                return
            with self._news:
                self._seen = (self._seen + data)[-200_000:]
                self._news.notify_all()


if __name__ == "__main__":
    print(main())
