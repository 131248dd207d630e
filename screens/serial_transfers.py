"""Files over the open port: `:send FILE [PROTOCOL]` and `:receive FOLDER [PROTOCOL]`, with how far it is."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from opsterm.screens.commands import Command, CommandError
from opsterm.screens.serial_sending import SerialSending
from opsterm.screens.tabs import NARROW, Tab
from opsterm.services.serial.errors import SerialError
from opsterm.widgets.bar import Bar, Part, part
from opsterm.widgets.words import eighths, left, size

if TYPE_CHECKING:
    from opsterm.services.serial.transfer.protocol import Protocol
    from opsterm.services.serial.transfer.transfer import Transfer

_LOOK_SECONDS = 0.25
_BAR_CELLS = 20
_MOST_FILES = 200  # offered for completion
_PROTOCOLS = ("raw", "xmodem", "xmodem-crc", "xmodem-1k", "ymodem")


class SerialTransfers(SerialSending):
    """The part of the tab that sends and receives files."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "stop", "Stop", id="serial.stop", tooltip="Stop what is being sent or received"),
    ]
    DEFAULT_CSS = """
    SerialTransfers #work { background: $panel; display: none; }
    SerialTransfers.-choosing #work { display: none; }
    """

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._transfer: Transfer | None = None
        self._work = Bar(id="work")
        self._ticking: Timer | None = None

    def compose_below(self) -> ComposeResult:
        """How far it is, above the Tx row."""
        yield self._work
        yield from super().compose_below()

    @property
    def busy(self) -> str:
        """What quitting would break off."""
        transfer = self._transfer
        if transfer is None:
            return super().busy
        of = f" of {size(transfer.total)}" if transfer.total else ""
        return f"{transfer.name} is not yet {transfer.verb}: {size(transfer.done)}{of} so far."

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing runs, nothing can be stopped."""
        if action == "stop" and not self.running:
            return False
        return super().check_action(action, parameters)

    @property
    def running(self) -> bool:
        """Whether something runs that `x` stops."""
        return self._transfer is not None

    def action_stop(self) -> None:
        """Stop it."""
        if self._transfer is not None:
            self._transfer.cancel()

    def escape(self) -> bool:
        """What runs is the innermost."""
        if self.running:
            self.action_stop()
            return True
        return super().escape()

    # Commands

    def commands(self) -> Sequence[Command]:
        """Files, by command."""
        return (
            *super().commands(),
            Command("send", "send a file: send FILE [raw|xmodem|xmodem-1k|ymodem]", self._send_file, _files),
            Command(
                "receive",
                "receive a file into a folder: receive FOLDER [ymodem|xmodem-crc|xmodem]",
                self._receive_file,
                lambda: (".",),
            ),
        )

    def _send_file(self, words: str) -> None:
        from opsterm.services.serial.transfer.send import send_file  # noqa: PLC0415  with the first file

        path, protocol = _parsed(words, "send FILE [raw|xmodem|xmodem-crc|xmodem-1k|ymodem]", "raw")
        self._begin(send_file(self.service, path, protocol))

    def _receive_file(self, words: str) -> None:
        from opsterm.services.serial.transfer.receive import BlockReceive  # noqa: PLC0415  with the first file

        path, protocol = _parsed(words, "receive FOLDER [ymodem|xmodem-crc|xmodem]", "ymodem")
        if protocol.value == "raw":
            raise CommandError("raw bytes tell no end: capture FILE.bin keeps them")
        if path.is_dir():
            self._begin(BlockReceive(self.service, path, protocol))
        else:
            self._begin(BlockReceive(self.service, path.parent, protocol, path.name))

    def _begin(self, transfer: Transfer) -> None:
        if self._transfer is not None:
            raise CommandError(f"{self._transfer.name} is under way; x stops it")
        self._transfer = transfer
        self.run_worker(self._run(transfer), group="transfer", exit_on_error=False)
        self.show_work()

    async def _run(self, transfer: Transfer) -> None:
        try:
            await transfer.run()
        except SerialError as error:
            self.host.toast(f"{transfer.name}: {error.reason} {error.hint}".rstrip(), bad=True)
        finally:
            self._transfer = None
            self.show_work()

    # How far it is

    def show_work(self) -> None:
        """Show the row while something runs, and keep it fresh."""
        if not self.is_attached:
            return
        self._work.display = self.running
        if self.running and self._ticking is None:
            self._ticking = self.set_interval(_LOOK_SECONDS, self.show_work)
        elif not self.running and self._ticking is not None:
            self._ticking.stop()
            self._ticking = None
        self._work.set_parts(self.work(), (part("x stop", "$foreground-muted", id="x", keep=8),))
        self.refresh_bindings()

    def work(self) -> Sequence[Part]:
        """What runs, and how far it is."""
        transfer = self._transfer
        if transfer is None:
            return ()
        done, total = transfer.done, transfer.total
        of = f"{size(done)} of {size(total)}" if total else size(done)
        verb = "◐ sending" if transfer.verb == "sent" else "◐ receiving"
        return (
            part(f"{verb} {transfer.name}", keep=9),
            part(of, keep=8),
            *([part(eighths(done / total, _BAR_CELLS), keep=2)] if total and self.size.width >= NARROW else []),
            part(f"{size(transfer.rate)}/s", keep=6),
            part(left(done, total, transfer.seconds), "$foreground-muted", keep=5),
            part(transfer.protocol.value, "$foreground-muted", keep=1),
        )


def _parsed(words: str, usage: str, default: str) -> tuple[Path, Protocol]:
    from opsterm.services.serial.transfer.protocol import Protocol  # noqa: PLC0415  with the first file

    try:
        parts = shlex.split(words)
    except ValueError:
        raise CommandError("a quote is not closed") from None
    name = parts.pop().casefold() if len(parts) > 1 else default
    if len(parts) != 1 or name not in _PROTOCOLS:
        raise CommandError(usage)
    return Path(parts[0]).expanduser(), next(each for each in Protocol if each.value.casefold() == name)


def _files() -> Sequence[str]:
    with os.scandir(".") as entries:
        return sorted(shlex.quote(each.name) for each in entries if each.is_file())[:_MOST_FILES]
