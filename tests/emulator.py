"""What a terminal makes of the bytes that a program writes: the picture, and the modes that are left switched on."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pyte
from wcwidth import wcwidth

_ALTERNATE_SCREEN = 1049

# Sequences that pyte would draw as text, take for others or fail on: CSI with <, = or > (kitty keyboard, xterm's key
# options), private ones that switch no mode, questions about a mode (DECRQM), and the strings DCS, SOS, PM and APC.
_FOREIGN = re.compile(
    r"\x1b\[(?:[<=>][0-?]*[ -/]*[@-~]|\?[0-?]*[ -/]*[@-gi-km-~]|[0-?]*\$[@-~])|\x1b[PX^_].*?\x1b\\", re.DOTALL
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[PX^_].*)?\Z", re.DOTALL)

_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])|\x1b\[([<>])\d*u")
_MODES = {
    1049: "alternate screen",
    1000: "mouse clicks (1000)",
    1002: "mouse drags (1002)",
    1003: "mouse moves (1003)",
    1006: "mouse reports (1006)",
    1015: "mouse reports (1015)",
    1016: "mouse reports (1016)",
    1004: "focus reports",
    2004: "bracketed paste",
    2048: "size reports",
}
_INVERSE = {25: "cursor hidden", 7: "line wrap off"}


class Emulator(pyte.Screen):
    """A pyte screen with the alternate screen, fed with bytes in pieces of any size."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self._stream = pyte.Stream(self)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._main: tuple[Any, Any] | None = None

    def feed(self, data: bytes) -> None:
        """Take what the program wrote; a sequence cut short waits for its rest."""
        text = self._held + self._decoder.decode(data)
        text = _FOREIGN.sub("", text)
        cut = _UNFINISHED.search(text)
        end = cut.start() if cut else len(text)
        self._held = text[end:]
        self._stream.feed(text[:end])

    def text(self) -> str:
        """The picture: its rows without the spaces at their ends, joined by newlines."""
        return "\n".join("".join(self._row(y)).rstrip() for y in range(self.lines))

    def _row(self, y: int) -> Iterator[str]:
        """Cells of a row; a wide character that lost one of its two cells is blank, as terminals show it."""
        cells = [self.buffer[y][x].data for x in range(self.columns)]
        for cell, left, right in zip(cells, [" ", *cells], [*cells[1:], " "], strict=False):
            if cell:
                yield " " if _wide(cell) and right else cell
            elif not _wide(left):
                yield " "

    def underlined(self, y: int) -> str:
        """What of a row is underlined."""
        return "".join(self.buffer[y][x].data for x in range(self.columns) if self.buffer[y][x].underscore)

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        """Switch modes on; the alternate screen opens empty."""
        if _ALTERNATE_SCREEN in modes and self._main is None:
            self._main = deepcopy(self.buffer), deepcopy(self.cursor)
            self.erase_in_display(2)
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        """Switch modes off; leaving the alternate screen brings back what was there before it."""
        super().reset_mode(*modes, **kwargs)
        if _ALTERNATE_SCREEN in modes and self._main is not None:
            self.buffer, self.cursor = self._main
            self._main = None


def _wide(cell: str) -> bool:
    return bool(cell) and not cell.isascii() and wcwidth(cell[0]) == 2


def left_on(output: bytes) -> list[str]:
    """What a full-screen program that wrote `output` switched on and never off again, by name; `[]` when it left the
    terminal as it found it. One that never opened the alternate screen gets a line about that.
    """
    on: set[str] = set()
    seen: set[str] = set()
    keyboard = 0
    for numbers, switch, stack in _MODE.findall(output):
        if stack:
            keyboard += 1 if stack == b">" else -1
            continue
        for number in map(int, numbers.split(b";")):
            name = _MODES.get(number) or _INVERSE.get(number)
            if name is None:
                continue
            seen.add(name)
            if (switch == b"h") is (number in _MODES):
                on.add(name)
            else:
                on.discard(name)
    if keyboard > 0:
        on.add("kitty keyboard")
    if _MODES[_ALTERNATE_SCREEN] not in seen:
        on.add("alternate screen never opened")
    return sorted(on)
