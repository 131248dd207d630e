"""By which protocol a file goes."""

from __future__ import annotations

from enum import Enum


class Protocol(Enum):
    """The value is the word by which it is chosen and shown.

    Of XMODEM the receiver chooses how blocks are checked: XMODEM asks for a sum, XMODEM-CRC and YMODEM for a CRC. A
    sender does what it is asked, with blocks of 128 bytes, or of 1,024 for XMODEM-1K and YMODEM.
    """

    RAW = "raw"
    XMODEM = "XMODEM"
    XMODEM_CRC = "XMODEM-CRC"
    XMODEM_1K = "XMODEM-1K"
    YMODEM = "YMODEM"

    @property
    def has_names(self) -> bool:
        """Whether the sender tells name and size of each file, and can send several."""
        return self is Protocol.YMODEM
