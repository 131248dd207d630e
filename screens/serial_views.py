"""The views of a serial line: its text, its bytes in hex, or both side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache

from opsterm.services.lines import Line
from opsterm.services.serial.hexdump import hex_rows

_COLUMNS = (16, 8, 4)
_OFFSET = 10  # cells of the offset and the space after it
_DIVIDER = 3


class View(Enum):
    """What is shown of each line; the value is its word in row 2."""

    TEXT = "text"
    HEX = "hex"
    BOTH = "both"


class HexRecords:
    """Rows of a hex dump, of as many bytes as there is room for; `encoding` is asked for the text beside them."""

    def __init__(self, encoding: Callable[[], str], text: bool) -> None:
        self._encoding = encoding
        self._text = text

    def count(self, line: Line, cells: int) -> int:
        """Rows that the bytes of `line` take."""
        return max(1, -(-len(line.raw) // self.columns(cells)))

    def rows(self, line: Line, cells: int) -> Sequence[str]:
        """The rows, such as `00000000  41 54                    │ AT`."""
        return _rows(line.raw, self.columns(cells), self._encoding() if self._text else "")

    def columns(self, cells: int) -> int:
        """Bytes of a row that fit `cells`."""
        for columns in _COLUMNS:
            taken = _OFFSET + columns * 3 - 1 + (columns - 1) // 8
            if taken + (_DIVIDER + columns if self._text else 0) <= cells:
                return columns
        return _COLUMNS[-1]


@lru_cache(64)  # one row is drawn at a time, and a long line has thousands
def _rows(raw: bytes, columns: int, encoding: str) -> Sequence[str]:
    if not raw:
        return ("",)
    if encoding:
        return tuple(row.render(columns) for row in hex_rows(raw, columns, encoding))
    return tuple(f"{row.offset:08X}  {row.hex(columns)}".rstrip() for row in hex_rows(raw, columns, "latin-1"))
