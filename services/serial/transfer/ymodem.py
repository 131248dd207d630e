"""Block 0 of YMODEM: name and size of the file that follows, or the end of the batch.

C. Forsberg, "XMODEM/YMODEM Protocol Reference" (1988), chapter 5: the name, a NUL, the size in decimal digits, then
numbers that are optional; the rest is NUL. A block without a name ends the batch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from opsterm.services.serial.transfer.blocks import LONG_BYTES, SHORT_BYTES

LAST = bytes(SHORT_BYTES)
_SIZE = re.compile(rb"\d{1,18}(?!\d)")


@dataclass(frozen=True, slots=True)
class Header:
    """`name` as the sender wrote it, not safe for anything; `size` in bytes, None where it is not told."""

    name: bytes
    size: int | None = None


def header_block(header: Header) -> bytes:
    """Block 0 for `header`, in the smaller of the two sizes that has room; a name too long is cut at its front."""
    size = b"" if header.size is None else b"%d" % header.size
    name = header.name.replace(b"\0", b"")[-(LONG_BYTES - len(size) - 2) :]
    block = name + b"\0" + size + b"\0"
    return block.ljust(SHORT_BYTES if len(block) <= SHORT_BYTES else LONG_BYTES, b"\0")


def parse_header(block: bytes) -> Header | None:
    """What block 0 tells, None where it ends the batch."""
    name, _, rest = block.partition(b"\0")
    if not name:
        return None
    size = _SIZE.match(rest)
    return Header(name, int(size[0]) if size else None)
