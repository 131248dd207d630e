"""The settings of the open port, at the right of its lines; each change takes effect at once."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from opsterm.services.serial.settings import Ending, Settings
from opsterm.widgets.choices import Choice, Choices

BAUDS = tuple(
    str(rate)
    for rate in (300, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1000000, 2000000)
)


def shown(settings: Settings, key: str) -> str:
    """A setting as the panel writes it."""
    value = getattr(settings, key)
    if isinstance(value, Ending):
        return value.label
    return f"{value:g}" if isinstance(value, float) else str(value)


class SettingsPanel(Vertical):
    """Baud rate, frame, flow control, ending and encoding."""

    SCOPED_CSS = False  # its rules ask for the classes of the screen around it
    DEFAULT_CSS = """
    SettingsPanel { width: 46; height: 1fr; background: $panel; padding: 0 1; }
    .-narrow SettingsPanel, .-tiny SettingsPanel { width: 1fr; }
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.choices = Choices(
            (
                Choice("baud", "Baud rate", BAUDS, shown(settings, "baud"), typed=True),
                Choice("data_bits", "Data bits", ("5", "6", "7", "8"), shown(settings, "data_bits")),
                Choice("parity", "Parity", ("N", "E", "O", "M", "S"), shown(settings, "parity")),
                Choice("stop_bits", "Stop bits", ("1", "1.5", "2"), shown(settings, "stop_bits")),
                Choice("flow", "Flow control", ("none", "rts/cts", "xon/xoff"), shown(settings, "flow")),
                Choice("ending", "Line ending", tuple(each.label for each in Ending), shown(settings, "ending")),
                Choice(
                    "encoding",
                    "Encoding",
                    ("utf-8", "latin-1", "cp1252", "cp437", "ascii"),
                    shown(settings, "encoding"),
                ),
            )
        )

    def compose(self) -> ComposeResult:
        """The list, and how it is used."""
        yield Static(Content.styled("Settings\n", "bold"))
        yield self.choices
        yield Static(
            Content.styled(
                "\n↑ ↓ choose   ← → change   digits type a rate, enter takes it\nesc closes", "$foreground-muted"
            )
        )
