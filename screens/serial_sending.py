"""What the Serial tab sends: typed lines, as text, with escapes or as hex, and pasted ones after a question."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import cast

from textual import on
from textual.app import ComposeResult

from opsterm.screens.serial_decoding import SerialDecoding
from opsterm.screens.tabs import Tab
from opsterm.screens.tx import TxInput, TxRow
from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.escapes import parse_escapes, parse_hex
from opsterm.services.serial.service import SerialService
from opsterm.services.service import State

_SILENT = "Open, nothing received yet. Type a line below; garbage here would mean a wrong baud rate (ctrl+b)."


class Typing(Enum):
    """How a typed line is read; the value is its word in the Tx row."""

    TEXT = "text"
    ESCAPES = "escapes"
    HEX = "hex"


class SerialSending(SerialDecoding):
    """The part of the tab that sends."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.tx = TxRow(self._entered)
        self.typing = Typing.TEXT

    @property
    def service(self) -> SerialService:
        """The service behind this tab."""
        return cast(SerialService, self.tab.service)

    def said_of_nothing(self) -> str:
        """An open port may be silent for a reason; one that waits to be called says so."""
        status = self.service.status
        return _SILENT if status.state is State.LIVE else status.reason if status.state is State.STARTING else ""

    def compose_below(self) -> ComposeResult:
        """The Tx row."""
        yield self.tx

    def on_mount(self) -> None:
        """Take up the lines sent on other days."""
        sent = self.host.memory.get("sent", [])
        self.tx.input.history = [str(each) for each in sent] if isinstance(sent, list) else []

    def refresh_rows(self) -> None:
        """The rows, and the label of the Tx row."""
        self.label_tx()
        super().refresh_rows()

    def label_tx(self) -> None:
        """Say in the Tx row how a line is read and what is sent after it."""
        self.tx.label(self.how_sent())

    def how_sent(self) -> str:
        """Ending and way of reading, such as `CRLF text`."""
        settings = self.service.settings
        ending = f"{settings.ending.label} " if settings and self.typing is not Typing.HEX else ""
        return f"{ending}{self.typing.value}"

    # Lines

    def _entered(self, line: str) -> bool:
        sent = self.send_line(line)
        self.host.memory["sent"] = list(self.tx.input.history)
        return sent

    def send_line(self, line: str) -> bool:
        """Send a line as it is read now; False where it stands for nothing that can be sent, which is said."""
        try:
            self.send_bytes(self.meant(line), bare=self.typing is Typing.HEX)  # hex says every byte that is meant
        except BadSettingError as error:
            self.host.toast(error.reason, bad=True)
            return False
        self.lines.follow = True
        return True

    def meant(self, line: str) -> str | bytes:
        """What a typed line stands for, as lines are read now. Raises BadSettingError."""
        if self.typing is Typing.HEX:
            return parse_hex(line)
        return parse_escapes(line, self.encoding) if self.typing is Typing.ESCAPES else line

    def send_bytes(self, line: str | bytes, bare: bool = False) -> None:
        """Send with the ending that is set, or `bare` of it. Raises BadSettingError."""
        self.service.send(line, bare)

    # Pastes

    @on(TxInput.Pasted)
    def _pasted(self, event: TxInput.Pasted) -> None:
        event.stop()
        self.prompt.ask(
            "paste",
            f"Send {len(event.lines):,} lines?",
            done=lambda _: self.send_all(event.lines),
            given_up=lambda: self.put_back(event.lines),
            note="enter sends, esc puts them back",
        )

    def put_back(self, lines: Sequence[str]) -> None:
        """Keep lines that were not sent where ↑ finds them."""
        for line in reversed(lines):
            self.tx.input.remember(line)
        self.host.toast("Not sent; ↑ in the Tx line brings each back.")

    def send_all(self, lines: Sequence[str]) -> None:
        """Send pasted lines."""
        raise NotImplementedError
