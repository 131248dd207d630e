"""A capture played again: the same lines in a ring, at the pace at which they came or at once."""

from __future__ import annotations

import asyncio
import math
import os
from contextlib import suppress
from io import BufferedReader
from itertools import islice

from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.intake import Counters
from opsterm.services.serial.records import NotARecordError, from_json, from_plain
from opsterm.services.serial.settings import Settings
from opsterm.services.service import Service, State
from opsterm.services.threads import in_thread

_BATCH_LINES = 2_000
_MAX_ROW = 1024 * 1024
"""Bytes; more than any line of a capture has."""

Played = tuple[Line, bool]
"""A line, and whether it takes the place of the one before."""


def parse_speed(text: str) -> float:
    """`max`, or how many times as fast as it was. Raises BadSettingError."""
    try:
        speed = math.inf if text == "max" else float(text)
    except ValueError:
        speed = 0
    if not speed > 0 or (speed == math.inf and text != "max"):
        raise BadSettingError(f"Invalid speed '{text}': max, or a number such as 10.")
    return speed


class ReplayService(Service):
    """Plays the capture at `path`, JSON lines or rows, into `ring`; times and directions are those of then.

    The status is LIVE while it plays, then OFF with a reason, or FAILED where the file is none that can be played.
    What it shows of itself is named as in `SerialService`, so that one screen can show both. Rows that no capture
    writes, such as a torn one, are counted in `counters.errors`.
    """

    has_rate = False
    queued = 0

    def __init__(self, path: str, speed: float = 1.0, ring: Ring | None = None) -> None:
        super().__init__()
        self.ring = Ring() if ring is None else ring
        self.counters = Counters()
        self.settings: Settings | None = Settings(path)
        self._path = path
        self._speed = speed
        self._task: asyncio.Task[None] | None = None
        self._free = asyncio.Event()
        self._free.set()

    async def start(self) -> None:
        """Play from the beginning, unless it is playing."""
        if self._task is None or self._task.done():
            self.counters = Counters()
            self._become(State.STARTING)
            self._task = asyncio.create_task(self._play(), name="replay")

    async def stop(self) -> None:
        """End it where it is."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
            self._become(State.OFF)

    def retry(self) -> None:
        """Nothing: a file does not come back by itself."""

    def hold(self, held: bool) -> None:
        """Let `ring` grow no further while `held`, for whoever must not miss a line and cannot keep up."""
        if held:
            self._free.clear()
        else:
            self._free.set()

    async def _play(self) -> None:
        try:
            file = await in_thread(lambda: open(self._path, "rb"), f"open {self._path}", BufferedReader.close)  # noqa: SIM115
        except OSError as error:
            self._become(State.FAILED, f"Cannot play {self._path}: {os.strerror(error.errno or 0)}.")
            return
        with file:
            self._become(State.LIVE)
            try:
                await self._play_file(file)
            except OSError as error:
                self._become(State.FAILED, f"Cannot play all of {self._path}: {os.strerror(error.errno or 0)}.")
                return
        skipped = self.counters.errors
        if skipped and not self.counters.lines:
            self._become(State.FAILED, f"{self._path} is no capture that can be played.", "It takes .jsonl and .txt.")
        else:
            lost = f", {skipped:,} rows not understood" if skipped else ""
            self._become(State.OFF, f"End of {self._path}, {self.counters.lines:,} lines{lost}.")

    async def _play_file(self, file: BufferedReader) -> None:
        loop = asyncio.get_running_loop()
        began: tuple[float, int] | None = None  # when the first line was played, and when it had come
        while True:
            played, skipped = await in_thread(lambda: _read(file), "replay")
            self.counters.errors += skipped
            if not played and not skipped:
                return
            if self._speed == math.inf:
                await self._put(played)
                continue
            for line, replaces in played:
                if began is None:
                    began = loop.time(), line.last_ns
                due = began[0] + (line.last_ns - began[1]) / 1e9 / self._speed
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                await self._put([(line, replaces)])

    async def _put(self, played: list[Played]) -> None:
        await self._free.wait()
        lines: list[Line] = []
        for line, replaces in played:
            if replaces and lines:
                self._count(lines.pop(), -1)
                lines.append(line)
            elif replaces and len(self.ring):
                self._count(self.ring[self.ring.next_seq - 1], -1)
                self.ring.replace_last(line)
            else:
                lines.append(line)
            self._count(line, 1)
        self.ring.extend(lines)

    def _count(self, line: Line, by: int) -> None:
        self.counters.lines += by * (not line.flags & Flag.CUT)
        self.counters.gaps += by * bool(line.flags & Flag.GAP)
        match line.direction:
            case Direction.RX:
                self.counters.rx_bytes += by * len(line.raw)
            case Direction.TX:
                self.counters.tx_bytes += by * len(line.raw)


def _read(file: BufferedReader) -> tuple[list[Played], int]:
    """The next lines of `file`, and how many of its rows are none."""
    rows = list(islice(iter(lambda: file.readline(_MAX_ROW), b""), _BATCH_LINES))
    played: list[Played] = []
    for row in rows:
        with suppress(NotARecordError):
            played.append(from_json(row) if row.startswith(b"{") else (from_plain(row.removesuffix(b"\n")), False))
    return played, len(rows) - len(played)
