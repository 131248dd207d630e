"""What comes in becomes lines in the ring: whole ones at once, a prompt after a moment of silence."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from opsterm.services.lines import Flag, Line, Ring
from opsterm.services.serial.framing import AUTO, Framing, LineAssembler
from opsterm.services.serial.reader import Chunk


@dataclass(slots=True)
class Counters:
    """What went over the line since the service was made: bytes and lines each way, and what went wrong.

    `gaps` counts the times in which data may be missing, `errors` every loss and every refused opening.
    """

    rx_bytes: int = 0
    tx_bytes: int = 0
    lines: int = 0
    """Received."""
    tx_lines: int = 0
    gaps: int = 0
    reconnects: int = 0
    errors: int = 0


class Intake:
    """Puts chunks together and keeps the unfinished line, if it is shown, the newest in `ring`."""

    def __init__(
        self,
        ring: Ring,
        counters: Counters,
        source: str,
        encoding: str,
        quiet_seconds: float,
        *,
        framing: Framing = AUTO,
    ) -> None:
        self._ring = ring
        self._counters = counters
        self._framing = framing
        self._assembler = LineAssembler(source, encoding, framing)
        self.quiet_seconds = quiet_seconds
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._last_rx = 0.0
        self._prompt: Line | None = None

    @property
    def encoding(self) -> str:
        """The codec by which the next lines are read."""
        return self._assembler.encoding

    @encoding.setter
    def encoding(self, name: str) -> None:
        self._assembler.encoding = name

    @property
    def framing(self) -> Framing:
        """What ends a line. Another one ends the unfinished line."""
        return self._framing

    @framing.setter
    def framing(self, framing: Framing) -> None:
        if framing != self._framing:
            self.flush()
            self._framing = framing
            self._assembler = LineAssembler(self._assembler.source, self._assembler.encoding, framing)

    def take(self, chunks: list[Chunk]) -> None:
        """Append the lines that `chunks` complete."""
        lines: list[Line] = []
        for t_ns, data in chunks:
            self._counters.rx_bytes += len(data)
            lines += self._assembler.feed(data, t_ns)
        self._counters.lines += len(lines) - [line.flags for line in lines].count(Flag.CUT)
        self._put(lines)
        self._last_rx = self._loop.time()
        if self._assembler.pending and self._timer is None:
            self._timer = self._loop.call_later(self._silence, self._quiet)

    def end_prompt(self) -> None:
        """A typed line follows: a prompt that is shown stays as it is, and what comes next begins a new line."""
        if self._prompt is not None and self._assembler.pending:
            self.flush()
        self._prompt = None

    def flush(self) -> None:
        """Append the unfinished line as it is; for when the line closes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        line = self._assembler.close()
        if line is not None:
            self._counters.lines += 1
            self._put([line])

    @property
    def _silence(self) -> float:
        return self._framing.gap_ms / 1000 or self.quiet_seconds

    def _quiet(self) -> None:
        self._timer = None
        left = self._last_rx + self._silence - self._loop.time()
        if left > 0 and self._assembler.pending:
            self._timer = self._loop.call_later(left, self._quiet)
            return
        if self._framing.gap_ms:
            self.flush()
            return
        line = self._assembler.idle()
        if line is not None:
            self._put([line])
            self._prompt = line

    def _put(self, lines: list[Line]) -> None:
        if not lines:
            return
        prompt, self._prompt = self._prompt, None
        if prompt is not None and prompt.seq == self._ring.next_seq - 1:
            self._ring.replace_last(lines[0])
            lines = lines[1:]
        self._ring.extend(lines)
