"""The one place where foreign text becomes safe text.

Bytes from a device, a container or a build can carry escape sequences that move the cursor, set the title or write
the clipboard, characters that reorder what is read, and bytes that are no text at all. Everything foreign passes
`decode` or `clean` once, when it enters; what comes out has one line, no control character and a known width.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: cursor, colour, modes
    r"|\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"  # OSC: title, links, clipboard
    r"|\x1b[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c|$)"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]+[0-~]"  # character sets and the like
    r"|\x1b[0-OQ-WYZ\\`-~]"  # two-character sequences
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI as one C1 byte
    r"|[\x90\x98\x9d\x9e\x9f][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"  # the string openers as one C1 byte
)
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_INVISIBLE}]")
_PRINTABLE = bytes(range(0x20, 0x7F))
_TAB = 8


_HEX = [f"\\x{byte:02X}" for byte in range(256)]


def _hex(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    start, end = error.start, error.end
    if end == start + 1:  # nearly always, and with a wrong baud rate for every other byte
        return _HEX[error.object[start]], end
    return "".join([_HEX[byte] for byte in error.object[start:end]]), end


codecs.register_error("opsterm.hex", _hex)


def decode(raw: bytes, encoding: str = "utf-8") -> str:
    r"""`raw` as safe text; bytes that `encoding` does not know are shown as `\xFF`."""
    return clean(raw.decode(encoding, "opsterm.hex"))


def decode_all(raws: Sequence[bytes], encoding: str = "utf-8") -> list[str]:
    """`decode` of each, at a fraction of the price: nearly all lines are plain ASCII, which one look at all tells."""
    if encoding == "utf-8":
        joined = b"\n".join(raws)
        if len(joined.translate(None, _PRINTABLE)) == len(raws) - 1:  # the newlines between them, and nothing else
            return joined.decode("ascii").split("\n")
    texts = [raw.decode(encoding, "opsterm.hex") for raw in raws]
    return [text if text.isprintable() else clean(text) for text in texts]


def clean(text: str) -> str:
    """`text` as safe text.

    Terminal escape sequences (ECMA-48) are taken out. Control characters become their pictures (`␂`), tabs become
    spaces, and characters that reorder, hide or break a line become their code point (`<U+202E>`).
    """
    if text.isprintable() or not _UNSAFE.search(text):  # the first is quicker, and stricter: no tab, no odd space
        return text
    text = _ESCAPE.sub("", text)
    if "\t" in text:
        text = text.expandtabs(_TAB)
    return _UNSAFE.sub(_name, text)


def _name(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"<U+{code:04X}>"
