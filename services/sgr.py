"""The colours that a device gives its own text: SGR sequences of ECMA-48, 8.3.117, beside the text made safe.

Everything else an escape sequence can do is taken out by `text.clean`; colours are all that is kept, as data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from opsterm.services.text import clean

_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_MOST = 200
"""Changes of colour that are followed in one line; what comes after them keeps the last."""

Colour = int | tuple[int, int, int]
"""A slot of the 256 colour table (0 to 15: the theme's), or red, green and blue from 0 to 255."""


@dataclass(frozen=True, slots=True)
class Sgr:
    """How text is to look; None is the colour of the pane."""

    colour: Colour | None = None
    background: Colour | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN = Sgr()
Run = tuple[int, int, Sgr]
"""Start and end, in characters of the safe text, and how it looks there."""

_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}
_RANGES = ((30, "colour", 0), (90, "colour", 8), (40, "background", 0), (100, "background", 8))
_TABLE, _DIRECT = 5, 2
_DIGITS = 6


@lru_cache(512)
def runs(raw: bytes, text: str, encoding: str = "utf-8") -> tuple[Run, ...]:
    """Where `text`, which is `raw` decoded and made safe, has a look of its own; nothing where it is not that."""
    if b"\x1b[" not in raw:
        return ()
    foreign = raw.decode(encoding, "opsterm.hex")
    if clean(foreign) != text.removesuffix("…"):
        return ()
    return tuple(_runs(foreign, len(text)))


def _runs(foreign: str, end: int) -> Iterator[Run]:
    look, start = PLAIN, 0
    for number, found in enumerate(_SGR.finditer(foreign)):
        if number == _MOST:
            break
        at = min(len(clean(foreign[: found.start()])), end)
        if look != PLAIN and at > start:
            yield start, at, look
        look, start = changed(look, found[1]), max(at, start)
    if look != PLAIN and end > start:
        yield start, end, look


def changed(look: Sgr, parameters: str) -> Sgr:
    """`look` after a sequence with these parameters; unknown ones change nothing."""
    codes = [int(each[:_DIGITS] or 0) for each in re.split("[;:]", parameters)]
    while codes:
        code = codes.pop(0)
        if code == 0:
            look = PLAIN
        elif code in _ON:
            look = replace(look, **{_ON[code]: True})
        elif code in _OFF:
            look = replace(look, **dict.fromkeys(_OFF[code], False))
        elif code in (38, 48):
            colour = _extended(codes)
            if colour is not None:
                look = replace(look, **{"colour" if code == 38 else "background": colour})  # type: ignore[arg-type]
        elif code in (39, 49):
            look = replace(look, **{"colour" if code == 39 else "background": None})  # type: ignore[arg-type]
        else:
            for first, name, slot in _RANGES:
                if first <= code < first + 8:
                    look = replace(look, **{name: code - first + slot})  # type: ignore[arg-type]
    return look


def _extended(codes: list[int]) -> Colour | None:
    """The colour that follows 38 or 48 (ISO 8613-6), taken off `codes`; None where it is none."""
    kind = codes.pop(0) if codes else 0
    if kind == _TABLE and codes:
        slot = codes.pop(0)
        return slot if slot < 256 else None
    if kind == _DIRECT and len(codes) >= 3:
        red, green, blue = codes.pop(0), codes.pop(0), codes.pop(0)
        return (red, green, blue) if max(red, green, blue) < 256 else None
    codes.clear()  # cut short: what is left would be read as something else
    return None
