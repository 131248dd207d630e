"""How a port is to be opened and what is sent at the end of a line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.framing import Framing
from opsterm.services.text import decode

MIN_BAUD = 50
MAX_BAUD = 20_000_000
DEFAULT_BAUD = 115_200

_PARITIES = "NEOMS"
_STOP_BITS = (1, 1.5, 2)
_FLOWS = ("none", "rts/cts", "xon/xoff")
_QUIET_SECONDS = 0.05
_QUIET_CHARACTERS = 20


class Ending(Enum):
    """What is sent after a typed line; the value is the bytes."""

    NONE = b""
    LF = b"\n"
    CR = b"\r"
    CRLF = b"\r\n"

    @property
    def label(self) -> str:
        """The word by which it is chosen and shown."""
        return "none" if self is Ending.NONE else self.name


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about one connection. Raises BadSettingError where a value is impossible.

    `port` is a device path or a URL, as `links` tells; `baud` bits per second; `data_bits` 5 to 8; `parity` one of
    N, E, O, M, S; `stop_bits` 1, 1.5 or 2; `flow` none, rts/cts or xon/xoff; `encoding` any text codec of Python;
    `framing` what ends a received line, as `Framing.parse` takes it;
    `dtr` and `rts` are the lines when it opens; `hang_up` whether closing drops them, which resets many boards.
    """

    port: str
    baud: int = DEFAULT_BAUD
    data_bits: int = 8
    parity: str = "N"
    stop_bits: float = 1
    flow: str = "none"
    ending: Ending = Ending.CRLF
    encoding: str = "utf-8"
    framing: str = "auto"
    dtr: bool = True
    rts: bool = True
    hang_up: bool = True

    def __post_init__(self) -> None:
        if not self.port or "\0" in self.port:
            raise BadSettingError("No port given.", "Name a device, such as /dev/ttyUSB0.")
        if not MIN_BAUD <= self.baud <= MAX_BAUD:
            raise _bad_baud(str(self.baud))
        if self.data_bits not in range(5, 9):
            raise BadSettingError(f"Invalid number of data bits '{self.data_bits}': 5, 6, 7 or 8.")
        if self.parity not in _PARITIES or len(self.parity) != 1:
            raise BadSettingError(f"Invalid parity '{self.parity}': N, E, O, M or S.")
        if self.stop_bits not in _STOP_BITS:
            raise BadSettingError(f"Invalid number of stop bits '{self.stop_bits}': 1, 1.5 or 2.")
        if self.flow not in _FLOWS:
            raise BadSettingError(f"Invalid flow control '{self.flow}': none, rts/cts or xon/xoff.")
        if not _fits_lines(self.encoding):
            raise BadSettingError(
                f"Invalid encoding '{self.encoding}': a codec that keeps ASCII.", "Try utf-8, latin-1 or cp1252."
            )
        Framing.parse(self.framing)

    @property
    def frame(self) -> str:
        """The frame in the usual short form, such as `8N1`."""
        return f"{self.data_bits}{self.parity}{self.stop_bits:g}"

    @property
    def quiet_seconds(self) -> float:
        """Silence after which an unfinished line counts as a prompt: longer than a few characters take."""
        return max(_QUIET_SECONDS, _QUIET_CHARACTERS * 10 / self.baud)


def parse_baud(text: str) -> int:
    """The baud rate written in `text`. Raises BadSettingError."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(MAX_BAUD))):
        raise _bad_baud(text)
    baud = int(digits)
    if not MIN_BAUD <= baud <= MAX_BAUD:
        raise _bad_baud(text)
    return baud


def _fits_lines(encoding: str) -> bool:
    """Whether Python has it, lines can be told apart in it, and any bytes can be shown."""
    try:
        decode(b"\xff", encoding)
        return "\r\n".encode(encoding) == b"\r\n"
    except (LookupError, ValueError):
        return False


def _bad_baud(text: str) -> BadSettingError:
    return BadSettingError(f"Invalid baud rate '{text}': a whole number from {MIN_BAUD} to {MAX_BAUD}.")
