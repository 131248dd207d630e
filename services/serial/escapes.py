r"""Typed escapes (`\x1b[A`) and hex (`48 65 6C`, `$AA 55`) as bytes, and bytes as one would type them."""

from __future__ import annotations

import re

from opsterm.services.serial.errors import BadSettingError
from opsterm.services.text import clean

_SIMPLE = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
_TYPED = {bytes_[0]: f"\\{letter}" for letter, bytes_ in _SIMPLE.items()}
_ESCAPE = re.compile(
    r"\\(?:(?P<simple>[rnt0\\])|x(?P<byte>[0-9A-Fa-f]{2})|u\{(?P<code>[0-9A-Fa-f]{1,6})\}|(?P<bad>))"
)
_HEX_WORD = re.compile(r"\S+")
_PREFIX = re.compile(r"\$|0[xX]")
_PAIRS = re.compile(r"(?:[0-9A-Fa-f]{2})+")


class BadInputError(BadSettingError):
    """Typed text that stands for no bytes; `at` is the position of the fault, from 0."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(f"Not sent: {reason} at character {at + 1}.")
        self.at = at


def parse_escapes(text: str, encoding: str = "utf-8") -> bytes:
    r"""The bytes of `text`, in which `\r \n \t \0 \\ \xHH \u{...}` stand for what they name. Raises BadInputError.

    `\xHH` is that byte whatever the encoding; `\u{...}`, a code point, is encoded like everything else.
    """
    out = bytearray()
    done = 0
    for found in _ESCAPE.finditer(text):
        out += _encoded(text[done : found.start()], encoding, done)
        done = found.end()
        if found["bad"] is not None:
            raise BadInputError(
                rf"'{text[found.start() : done + 1]}' is no escape such as \n, \xHH or \u{{...}}", found.start()
            )
        if found["simple"]:
            out += _SIMPLE[found["simple"]]
        elif found["byte"]:
            out.append(int(found["byte"], 16))
        else:
            code = int(found["code"], 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise BadInputError(f"no character has the code {found['code']}", found.start())
            out += _encoded(chr(code), encoding, found.start())
    return bytes(out + _encoded(text[done:], encoding, done))


def show_escapes(raw: bytes) -> str:
    """`raw` as `parse_escapes` takes it in UTF-8: on one line, and safe to show."""
    out = []
    for char in raw.decode("utf-8", "surrogateescape"):
        code = ord(char)
        if code in _TYPED:
            out.append(_TYPED[code])
        elif 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02X}")  # a byte that is no UTF-8
        elif code < 0x20 or code == 0x7F:
            out.append(f"\\x{code:02X}")
        elif clean(char) != char:
            out.append(f"\\u{{{code:X}}}")
        else:
            out.append(char)
    return "".join(out)


def parse_hex(text: str) -> bytes:
    """The bytes of hexadecimal pairs, together or apart, words with or without `$` or `0x`. Raises BadInputError."""
    out = bytearray()
    for word in _HEX_WORD.finditer(text):
        prefix = _PREFIX.match(word[0])
        start = word.start() + (prefix.end() if prefix else 0)
        digits = text[start : word.end()]
        pairs = _PAIRS.match(digits)
        good = pairs.end() if pairs else 0
        if good < len(digits) or not digits:
            wrong = digits[good : good + 2] or word[0]
            raise BadInputError(f"'{wrong}' is no pair of hexadecimal digits", start + good)
        out += bytes.fromhex(digits)
    return bytes(out)


def show_hex(raw: bytes) -> str:
    """`raw` as pairs with spaces between them."""
    return raw.hex(" ").upper()


def _encoded(text: str, encoding: str, at: int) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        raise BadInputError(f"{encoding} has no '{error.object[error.start]}'", at + error.start) from None
