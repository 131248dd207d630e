"""What reports cost: processor time of the program with reports on, against off, while 20,000 lines/s arrive."""

from __future__ import annotations

import os
import pty
import struct
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.harness import Result, also, seconds
from bench.key_latency import OPSTERM, Device, Screen
from opsterm.services.telemetry.reports import Reports

ROUNDS = 5
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> Result:
    """Processor seconds a second of both, each the least of some rounds, taken in turns."""
    on: list[float] = []
    off: list[float] = []
    with ingest() as dsn, Device() as device:
        for number in range(ROUNDS):
            for here in (False, True) if number % 2 else (True, False):  # whoever comes second is not better off
                (on if here else off).append(usage(device.path, dsn if here else ""))
    also("an action with a step while off", nothing() * 1e6, 1.0, "µs", "most allowed")
    return Result("reports overhead", min(on) * 100, min(off) * 100, "% of a core", "reports off", "lower")


def usage(port: str, dsn: str) -> float:
    """Processor seconds that the program takes in a second, after its first three."""
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "OPSTERM_CONFIG_DIR": folder,
            "OPSTERM_STATE_DIR": folder,
            "OPSTERM_SENTRY_DSN": dsn,
            "TERM": "xterm-256color",
        }
        pid, fd = pty.fork()
        if pid == 0:
            os.execvpe(OPSTERM, [OPSTERM, "serial", port], env)
        try:
            ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            Screen(fd).wait(b"GET /cart", 20)
            time.sleep(3.0)
            begin, used = time.perf_counter(), ticks(pid)
            time.sleep(seconds(5.0, 20.0))
            return (ticks(pid) - used) / TICKS / (time.perf_counter() - begin)
        finally:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def ticks(pid: int) -> int:
    """Processor time of a process so far, in ticks of the system (proc(5), fields 14 and 15 of stat)."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def nothing() -> float:
    """Seconds that an action with one step takes while reports are off."""
    off, times = Reports(), 200_000
    begin = time.perf_counter()
    for _ in range(times):
        with off.action("x"), off.child("connect"):
            pass
    return (time.perf_counter() - begin) / times


@contextmanager
def ingest() -> Iterator[str]:
    """A DSN at which everything is taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take it."""
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://key@127.0.0.1:{server.server_port}/1"
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    print(main())
