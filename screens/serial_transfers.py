"""More than a line over the open port: files, by `:send FILE` and `:receive FOLDER`, and many pasted lines."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from opsterm.screens.commands import Command, CommandError
from opsterm.screens.serial_sending import SerialSending, Typing
from opsterm.screens.tabs import NARROW, Tab
from opsterm.services.serial.errors import SerialError
from opsterm.widgets.bar import Bar, Part, part
from opsterm.widgets.words import count, eighths, left, size

if TYPE_CHECKING:
    from opsterm.services.serial.pacing import PacedLines
    from opsterm.services.serial.transfer.protocol import Protocol
    from opsterm.services.serial.transfer.transfer import Transfer

_LOOK_SECONDS = 0.25
_BAR_CELLS = 20
_MOST_FILES = 200  # offered for completion
_PROTOCOLS = ("raw", "xmodem", "xmodem-crc", "xmodem-1k", "ymodem")


@dataclass(frozen=True, slots=True)
class Job:
    """Something that takes a while: its name, how far it is, what quitting would break off, and how it is ended."""

    name: str
    parts: Callable[[], Sequence[Part]]
    busy: Callable[[], str]
    cancel: Callable[[], None]


class SerialTransfers(SerialSending):
    """The part of the tab that sends and receives files, and sends many lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "stop", "Stop", id="serial.stop", tooltip="Stop what is being sent or received"),
    ]
    DEFAULT_CSS = """
    SerialTransfers #work { background: $panel; display: none; }
    SerialTransfers.-choosing #work { display: none; }
    """

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.line_ms = 0
        """Pause after each pasted line."""
        self.char_ms = 0
        """Pause after each character of them."""
        self._job: Job | None = None
        self._work = Bar(id="work")
        self._ticking: Timer | None = None

    def compose_below(self) -> ComposeResult:
        """How far it is, above the Tx row."""
        yield self._work
        yield from super().compose_below()

    @property
    def busy(self) -> str:
        """What quitting would break off."""
        return self._job.busy() if self._job is not None else super().busy

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing runs, nothing can be stopped."""
        if action == "stop" and not self.running:
            return False
        return super().check_action(action, parameters)

    @property
    def running(self) -> bool:
        """Whether something runs that `x` stops."""
        return self._job is not None

    def action_stop(self) -> None:
        """Stop it."""
        if self._job is not None:
            self._job.cancel()

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
        self.begin(_file_job(transfer, lambda: self.size.width >= NARROW), self._run(transfer))

    async def _run(self, transfer: Transfer) -> None:
        try:
            await transfer.run()
        except SerialError as error:
            self.host.toast(f"{transfer.name}: {error.reason} {error.hint}".rstrip(), bad=True)

    def begin(self, job: Job, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, and show it as `job`. Raises CommandError while another one is under way."""
        if self._job is not None:
            work.close()
            raise CommandError(f"{self._job.name} is under way; x stops it")
        self._job = job
        self.run_worker(self._until_done(work), group="job", exit_on_error=False)
        self.show_work()

    async def _until_done(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self._job = None
            self.show_work()

    # Pastes

    def send_all(self, lines: Sequence[str]) -> None:
        """Send pasted lines, each when the one before has left, with the pauses that are set."""
        from opsterm.services.serial.pacing import PacedLines  # noqa: PLC0415  with the first paste

        bare = self.typing is Typing.HEX
        try:
            meant = [self.meant(line) for line in lines]
            paced = PacedLines(self.service, meant, self.line_ms / 1000, self.char_ms / 1000, bare)
            self.begin(_paste_job(paced), self._paste(paced, lines))
        except (SerialError, CommandError) as error:
            self.host.toast(str(error), bad=True)
            self.put_back(lines)
        else:
            self.lines.follow = True

    async def _paste(self, paced: PacedLines, lines: Sequence[str]) -> None:
        try:
            left = len(await paced.run())
        except SerialError as error:
            self.host.toast(str(error), bad=True)
            left = len(lines)
        if left:
            self.put_back(lines[len(lines) - left :])

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
        return self._job.parts() if self._job is not None else ()


def _file_job(transfer: Transfer, is_wide: Callable[[], bool]) -> Job:
    def parts() -> Sequence[Part]:
        done, total = transfer.done, transfer.total
        verb = "◐ sending" if transfer.verb == "sent" else "◐ receiving"
        return (
            part(f"{verb} {transfer.name}", keep=9),
            part(f"{size(done)} of {size(total)}" if total else size(done), keep=8),
            *([part(eighths(done / total, _BAR_CELLS), keep=2)] if total and is_wide() else []),
            part(f"{size(transfer.rate)}/s", keep=6),
            part(left(done, total, transfer.seconds), "$foreground-muted", keep=5),
            part(transfer.protocol.value, "$foreground-muted", keep=1),
        )

    def busy() -> str:
        of = f" of {size(transfer.total)}" if transfer.total else ""
        return f"{transfer.name} is not yet {transfer.verb}: {size(transfer.done)}{of} so far."

    return Job(transfer.name, parts, busy, transfer.cancel)


def _paste_job(paced: PacedLines) -> Job:
    name = count(len(paced.lines), "line")

    def parts() -> Sequence[Part]:
        share = paced.sent / max(1, len(paced.lines))
        return (
            part(f"◐ sending {name}", keep=9),
            part(f"{paced.sent:,} sent, {paced.left:,} left", keep=8),
            part(eighths(share, _BAR_CELLS), keep=2),
        )

    return Job(name, parts, str, paced.cancel)  # nothing to ask about: what has not left can be pasted again


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
