"""The settings of the open port, at the right of its lines; each change takes effect at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from opsterm.services.serial.choose import written
from opsterm.services.serial.settings import Ending, Settings
from opsterm.widgets.choices import Choice, Choices
from opsterm.widgets.side_panel import SidePanel

BAUDS = tuple(
    str(rate)
    for rate in (300, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1000000, 2000000)
)
_ON_OFF = ("on", "off")
LINE = (
    ("baud", "Baud rate", BAUDS),
    ("data_bits", "Data bits", ("5", "6", "7", "8")),
    ("parity", "Parity", ("N", "E", "O", "M", "S")),
    ("stop_bits", "Stop bits", ("1", "1.5", "2")),
    ("flow", "Flow control", ("none", "rts/cts", "xon/xoff")),
)
"""What only a line with a rate has: key, label, usual values."""
MODEM = (("dtr", "DTR", _ON_OFF), ("rts", "RTS", _ON_OFF), ("hang_up", "DTR off on close", _ON_OFF))
TEXT = (
    ("ending", "Line ending", tuple(each.label for each in Ending)),
    ("framing", "Lines end at", ("auto", "lf", "crlf", "cr", "nul", "byte:C0", "idle:20ms", "idle:100ms", "len:8")),
    ("encoding", "Encoding", ("utf-8", "latin-1", "cp1252", "cp437", "gbk", "ascii")),
)
KEYS = {key: options for key, _, options in (*LINE, *TEXT, *MODEM)}
"""All that `:set` takes, with the usual values of each."""
ACTIONS = (
    ("pulse dtr", "Pulse DTR", "off and on again, 100 ms"),
    ("pulse rts", "Pulse RTS", "off and on again, 100 ms"),
    ("break", "Send BREAK", "250 ms"),
)


class SettingsPanel(SidePanel, can_focus=False):
    """Baud rate, frame, flow control, ending, encoding, modem lines; `own` are the choices of the screen itself."""

    DEFAULT_CSS = "SettingsPanel { width: 46; }"

    def __init__(self, settings: Settings, own: Mapping[str, Choice], *, has_rate: bool, has_lines: bool) -> None:
        super().__init__()
        self.choices = Choices(tuple(_choices(settings, own, has_rate, has_lines)))

    def compose(self) -> ComposeResult:
        """The list, and how it is used."""
        yield Static(Content.styled("Settings", "bold"))
        yield self.choices
        yield Static(
            Content.styled(
                "\n↑ ↓ choose   ← → change   enter does\ndigits type a rate   :set takes any value   esc closes",
                "$foreground-muted",
            )
        )


def _choices(settings: Settings, own: Mapping[str, Choice], has_rate: bool, has_lines: bool) -> Iterator[Choice]:
    for key, label, options in (*(LINE if has_rate else ()), *TEXT):
        yield Choice(key, label, options, written(settings, key), typed=key == "baud")
    yield from own.values()
    if has_lines:
        for key, label, options in MODEM:
            yield Choice(key, label, options, written(settings, key))
        for key, label, does in ACTIONS:
            yield Choice(key, label, (), does)
