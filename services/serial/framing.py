"""From bytes as they come to lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from opsterm.services.lines import Flag, Line
from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.splitters import AnyEnding, Length, NoEnding, OneEnding, Splitter
from opsterm.services.text import decode, decode_all

MAX_LINE = 64 * 1024
"""Bytes after which a line is cut; the rest follows as the next line."""

_ENDINGS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r", "nul": b"\0"}
_FIGURE = re.compile(r"len:([0-9]{1,5})|idle:([0-9]{1,5})ms")
_BYTE = re.compile(r"byte:([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Framing:
    """What ends a line: LF, CRLF or CR in any mixture, else an `ending`, a `length` (bytes) or a silence (ms)."""

    ending: bytes = b""
    length: int = 0
    gap_ms: int = 0

    @classmethod
    def parse(cls, text: str) -> Framing:
        """`auto`, `lf`, `crlf`, `cr`, `nul`, `byte:C0`, `len:8` or `idle:20ms`. Raises BadSettingError."""
        if text == "auto":
            return cls()
        if text in _ENDINGS:
            return cls(ending=_ENDINGS[text])
        if byte := _BYTE.fullmatch(text):
            return cls(ending=bytes.fromhex(byte[1]))
        figure = _FIGURE.fullmatch(text)
        length, gap = (int(figure[1] or 0), int(figure[2] or 0)) if figure else (0, 0)
        if not (length or gap) or length > MAX_LINE:
            raise BadSettingError(f"Invalid framing '{text}': auto, lf, crlf, cr, nul, byte:C0, len:8 or idle:20ms.")
        return cls(length=length, gap_ms=gap)

    def splitter(self) -> Splitter:
        """A new splitter that finds the ends."""
        if self.ending:
            return OneEnding(self.ending)
        if self.length:
            return Length(self.length)
        return NoEnding() if self.gap_ms else AnyEnding()


AUTO = Framing()


class LineAssembler:
    """Puts lines together from chunks. However the same bytes are chunked, the lines are the same.

    Every byte that was fed is in the `raw` of exactly one line, but for the endings; `idle` shows the unfinished
    line without taking it.
    """

    def __init__(self, source: str = "", encoding: str = "utf-8", framing: Framing = AUTO) -> None:
        self.source = source
        self.encoding = encoding
        self._gap_ns = framing.gap_ms * 1_000_000
        self._splitter = framing.splitter()
        self._pending = bytearray()
        self._first_ns = 0
        self._last_ns = 0
        self._shown = 0  # how much of the pending line `idle` has handed out

    @property
    def pending(self) -> int:
        """Bytes of the line that has no ending yet."""
        return len(self._pending)

    def feed(self, chunk: bytes, t_ns: int) -> list[Line]:
        """The lines that `chunk`, read at `t_ns` (ns since the epoch), completes."""
        if not chunk:
            return []
        lines: list[Line] = []
        if self._gap_ns and self._pending and t_ns - self._last_ns >= self._gap_ns:
            lines.append(self._line(bytes(self._pending), self._last_ns, Flag.NONE))
            self._forget()
        self._last_ns = t_ns
        whole: list[bytes] = []  # the usual case: lines in one piece, made together
        for raw, ends in self._splitter.split(chunk, len(self._pending)):
            if ends and not self._pending and len(raw) <= MAX_LINE:
                whole.append(raw)
                continue
            if not (raw or ends):
                continue
            if whole:
                lines += self._lines(whole, t_ns)
                whole = []
            if not self._pending:
                self._first_ns = t_ns
            self._pending += raw
            if len(self._pending) > MAX_LINE:
                self._cut(lines, t_ns)
            if ends:
                lines.append(self._line(bytes(self._pending), t_ns, Flag.NONE))
                self._forget()
        lines += self._lines(whole, t_ns)
        return lines

    def idle(self) -> Line | None:
        """The unfinished line as it stands, if it has grown since it was last asked for."""
        if len(self._pending) == self._shown:
            return None
        self._shown = len(self._pending)
        return self._line(bytes(self._pending), self._last_ns, Flag.PARTIAL)

    def close(self) -> Line | None:
        """The line that nothing has ended, taken out: what comes next begins a new one."""
        if not self._pending:
            self._first_ns = self._last_ns
        self._pending += self._splitter.rest()
        if not self._pending:
            return None
        flags = Flag.NONE if self._gap_ns else Flag.PARTIAL  # silence is no lack of an ending there
        line = self._line(bytes(self._pending), self._last_ns, flags)
        self._forget()
        return line

    def _cut(self, lines: list[Line], t_ns: int) -> None:
        start = 0
        while len(self._pending) - start > MAX_LINE:
            lines.append(self._line(bytes(self._pending[start : start + MAX_LINE]), t_ns, Flag.CUT))
            self._first_ns = t_ns
            start += MAX_LINE
        del self._pending[:start]
        self._shown = 0

    def _line(self, raw: bytes, last_ns: int, flags: Flag) -> Line:
        return Line(raw, decode(raw, self.encoding), self._first_ns, last_ns, self.source, flags=flags)

    def _lines(self, raws: list[bytes], t_ns: int) -> list[Line]:
        texts = decode_all(raws, self.encoding)
        return [Line(raw, text, t_ns, t_ns, self.source) for raw, text in zip(raws, texts, strict=True)]

    def _forget(self) -> None:
        self._pending.clear()
        self._shown = 0
