"""The bytes of a line as records of a hex view: offset, bytes in columns, and the same as text."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from opsterm.services.text import clean

GROUP = 8
"""Bytes between two wider gaps."""


@dataclass(frozen=True, slots=True)
class HexRow:
    """One record: where its bytes begin in the line, the bytes, and their text, safe to show.

    A character of several bytes stands in the row that has its last one.
    """

    offset: int
    data: bytes
    text: str

    def hex(self, columns: int = 16) -> str:
        """The bytes in pairs, wider apart after each eighth, filled with spaces to the width of `columns` bytes."""
        groups = [self.data[at : at + GROUP].hex(" ").upper() for at in range(0, len(self.data), GROUP)]
        return "  ".join(groups).ljust(columns * 3 - 1 + (columns - 1) // GROUP)

    def render(self, columns: int = 16) -> str:
        """The whole record, such as `00000000  41 54 0D                  │ AT␍` with eight columns."""
        return f"{self.offset:08X}  {self.hex(columns)} │ {self.text}"


def hex_rows(raw: bytes, columns: int = 16, encoding: str = "utf-8") -> Iterator[HexRow]:
    r"""The records of `raw`, `columns` bytes each; none where it is empty.

    Control characters become their pictures and nothing is taken out, not even an escape sequence; bytes that are
    none in `encoding` are shown as `\xFF`.
    """
    decoder = codecs.getincrementaldecoder(encoding)("opsterm.hex")
    for offset in range(0, len(raw), columns):
        data = raw[offset : offset + columns]
        text = decoder.decode(data, final=offset + columns >= len(raw))
        yield HexRow(offset, data, "".join([_picture(char) for char in text]))


def _picture(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if 0x80 <= code < 0xA0:
        return f"<U+{code:04X}>"  # alone it would be taken for an escape sequence, and taken out
    return clean(char)
