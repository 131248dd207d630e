"""From bytes as they come to lines: LF, CRLF and a lone CR end a line, in any mixture."""

from __future__ import annotations

from opsterm.services.lines import Flag, Line
from opsterm.services.text import decode

MAX_LINE = 64 * 1024
"""Bytes after which a line is cut; the rest follows as the next line."""


class LineAssembler:
    """Puts lines together from chunks. However the same bytes are chunked, the lines are the same.

    Every byte that was fed is in the `raw` of exactly one line, but for the endings; `idle` shows the unfinished
    line without taking it.
    """

    def __init__(self, source: str = "", encoding: str = "utf-8") -> None:
        self.source = source
        self.encoding = encoding
        self._pending = bytearray()
        self._first_ns = 0
        self._last_ns = 0
        self._shown = 0  # how much of the pending line `idle` has handed out
        self._after_cr = False

    @property
    def pending(self) -> int:
        """Bytes of the line that has no ending yet."""
        return len(self._pending)

    def feed(self, chunk: bytes, t_ns: int) -> list[Line]:
        """The lines that `chunk`, read at `t_ns` (ns since the epoch), completes.

        A CR ends its line at once; an LF right behind it, even in the next chunk, belongs to it.
        """
        if not chunk:
            return []
        if self._after_cr and chunk[0] == 10:
            chunk = chunk[1:]
        pieces = chunk.splitlines(keepends=True)
        self._after_cr = chunk.endswith(b"\r")
        lines: list[Line] = []
        for piece in pieces:
            raw = piece.rstrip(b"\r\n")
            if not self._pending:
                self._first_ns = t_ns
            self._last_ns = t_ns
            if len(raw) + len(self._pending) > MAX_LINE:
                self._pending += raw
                self._cut(lines, t_ns)
            elif self._pending:
                self._pending += raw
            elif len(raw) < len(piece):  # the usual case: a whole line in one piece
                lines.append(self._line(raw, t_ns, Flag.NONE))
                continue
            else:
                self._pending += raw
            if len(raw) < len(piece):
                lines.append(self._line(bytes(self._pending), t_ns, Flag.NONE))
                self._forget()
        return lines

    def idle(self) -> Line | None:
        """The unfinished line as it stands, if it has grown since it was last asked for."""
        if len(self._pending) == self._shown:
            return None
        self._shown = len(self._pending)
        return self._line(bytes(self._pending), self._last_ns, Flag.PARTIAL)

    def close(self) -> Line | None:
        """The unfinished line, taken out: what comes next begins a new one."""
        if not self._pending:
            return None
        line = self._line(bytes(self._pending), self._last_ns, Flag.PARTIAL)
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

    def _forget(self) -> None:
        self._pending.clear()
        self._shown = 0
