"""A serial cable for tests: two ptys joined, that can be pulled out and plugged in again."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import threading
import tty
from pathlib import Path

from tests.waiting import until_now

SOCAT = shutil.which("socat")


class Cable:
    """Two ends, `a` and `b`: links that stay the same while the ptys behind them come and go.

    A context manager, plugged in from the start. With `socat` the two are joined by that program, else by a thread.
    """

    def __init__(self, folder: Path, socat: bool = False) -> None:
        self.a = str(folder / "a")
        self.b = str(folder / "b")
        self._make = _Socat if socat else _Pump
        self._joint: _Socat | _Pump | None = None

    def __enter__(self) -> Cable:
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.pull()

    def plug(self) -> None:
        """Put both ends there: new ptys under the same names."""
        if self._joint is None:
            self._joint = self._make(self.a, self.b)

    def pull(self) -> None:
        """Take both ends away: whoever has one open sees it hang up, and the names are gone."""
        joint, self._joint = self._joint, None
        if joint is not None:
            joint.close()


class _Socat:
    def __init__(self, a: str, b: str) -> None:
        assert SOCAT, "socat is not installed"
        ends = [f"pty,raw,echo=0,link={end}" for end in (a, b)]
        self._ends = (a, b)
        self._process = subprocess.Popen([SOCAT, *ends], stderr=subprocess.DEVNULL)
        until_now(lambda: os.path.exists(a) and os.path.exists(b), "socat's two ends")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        until_now(lambda: not any(os.path.lexists(end) for end in self._ends), "socat's ends gone")


class _Pump:
    def __init__(self, a: str, b: str) -> None:
        self._ends = (a, b)
        pairs = [os.openpty(), os.openpty()]
        self._masters = [master for master, _ in pairs]
        self._slaves = [slave for _, slave in pairs]  # kept open: a master without a slave reads as hung up
        for master, slave, link in zip(self._masters, self._slaves, self._ends, strict=True):
            tty.setraw(slave)
            os.set_blocking(master, False)
            os.symlink(os.ttyname(slave), link)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        for end in self._ends:
            os.unlink(end)
        os.close(self._stop_write)
        self._thread.join()
        for fd in (self._stop_read, *self._masters, *self._slaves):
            os.close(fd)

    def _run(self) -> None:
        first, second = self._masters
        held = {first: b"", second: b""}  # read there, not yet written to the other
        other = {first: second, second: first}
        while True:
            poll = select.poll()
            poll.register(self._stop_read, select.POLLIN)
            for fd in self._masters:
                wanted = (0 if held[fd] else select.POLLIN) | (select.POLLOUT if held[other[fd]] else 0)
                poll.register(fd, wanted)
            for fd, event in poll.poll():
                if fd == self._stop_read:
                    return
                if event & select.POLLIN:
                    held[fd] = os.read(fd, 4096)
                if event & select.POLLOUT:
                    sent = os.write(fd, held[other[fd]])
                    held[other[fd]] = held[other[fd]][sent:]
