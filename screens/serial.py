"""The Serial tab: ports, the lines of the open one, and a row to type into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from opsterm.screens.band import band_key
from opsterm.screens.capturing import Capturing
from opsterm.screens.commands import Command, CommandError
from opsterm.screens.opening import Opening, Preferences
from opsterm.screens.ports import PortPicker
from opsterm.screens.serial_pair import SerialPair
from opsterm.screens.tabs import Tab
from opsterm.services.serial.capture_file import Rotation
from opsterm.services.serial.capture_names import beside, capture_path
from opsterm.services.serial.choose import settings_for
from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.explain import WAITING
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State, Status
from opsterm.services.telemetry.reports import reports
from opsterm.widgets.bar import Part, part


class SerialScreen(SerialPair):
    """Focus is in the Tx row while a port is open, and in the port picker while none is."""

    FOOTER = (
        *("choices.left", "tx.send", "line.zoom", "pane.filter", "pane.find", "line.stamps", "line.wrap"),
        *("serial.target", "serial.settings", "serial.ports", "tx.leave", "pane.stamps", "input.search"),
    )
    WORDS: ClassVar[Mapping[State, str]] = {
        State.OFF: "closed",
        State.STARTING: "opening",
        State.LIVE: "open",
        State.DEGRADED: "degraded",
        State.LOST: "lost",
        State.FAILED: "failed",
    }
    DEFAULT_CSS = """
    SerialScreen #lines { display: block; }
    SerialScreen PortPicker { display: none; }
    SerialScreen.-choosing #lines { display: none; }
    SerialScreen.-choosing PortPicker { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "ports", "Ports", id="serial.ports", tooltip="Choose another port"),
    ]

    def __init__(self, tab: Tab, opening: Opening | None = None, preferences: Preferences | None = None) -> None:
        super().__init__(tab)
        self._opening = opening
        self._preferences = preferences or Preferences()
        self.macros = self._preferences.macros
        self._was_open = False  # the port of now has been open
        self._capturing: Capturing | None = None
        self._capturing_second: Capturing | None = None
        self._captured: tuple[str, Rotation | None] | None = None  # the file that is wanted for the first port

    # The frame

    def compose_main(self) -> ComposeResult:
        """Lines and port picker, one of them shown."""
        yield self.lines
        yield PortPicker(self.remembered)

    def on_mount(self) -> None:
        """Open what the command line named, or let a port be chosen."""
        self._capturing = Capturing(self.first, self.host)
        if opening := self._opening:
            self.open(opening.settings, opening.beside, opening.bridged, keep=not opening.capture)
            if opening.capture:
                self._start_capture(opening.capture, opening.rotation)
        elif self.first.status.state is State.OFF:
            self.action_ports()
        else:
            self._show_port()

    async def on_unmount(self) -> None:
        """The last lines belong to the capture, too."""
        if self._capturing:
            await self._capturing.close()

    def refresh_rows(self) -> None:
        """The rows; a port that was open once is waited for in other words."""
        self._was_open = self._was_open or self.first.status.state is State.LIVE
        super().refresh_rows()

    def where(self) -> Sequence[Part]:
        """The port and how it is set."""
        settings = self.service.settings
        if settings is None:
            return (part("no port", "$foreground-muted", keep=9),)
        device = self.service.device  # another one than was named, for a name such as usb:VID:PID
        return (
            part(settings.port, "bold", keep=9),
            *([part(f"at {device}", "$foreground-muted", keep=3)] if device not in ("", settings.port) else []),
            *([part(f"{settings.baud} {settings.frame}", id="settings", keep=6)] if self.service.has_rate else []),
        )

    def chips(self) -> Sequence[Part]:
        """What is in force, and the capture."""
        return (*super().chips(), *(self._capturing.chip() if self._capturing and self.pane else ()))

    def commands(self) -> Sequence[Command]:
        """Captures, by command."""
        return (
            *super().commands(),
            Command("capture", "write what passes to a file; off ends it", self._capture, lambda: ("off",)),
        )

    def _capture(self, name: str) -> None:
        if self._capturing:
            self._start_capture(self._capturing.meant(name))

    def _start_capture(self, name: str, rotation: Rotation | None = None, *, usual: bool = False) -> None:
        self._captured = None if name == "off" else (name, rotation)
        if self._capturing:
            work = self._capturing.use(name, rotation, usual=usual)
            self.run_worker(work, group="capture", exit_on_error=False)
        if self._capturing_second:
            work = self._capturing_second.use("off" if name == "off" else beside(name), rotation, usual=usual)
            self.run_worker(work, group="capture", exit_on_error=False)

    async def second_made(self, second: SerialService, settings: Settings) -> None:
        """What passes on the second port goes to a file of its own, where that of the first goes to one."""
        self._capturing_second = Capturing(second, self.host)
        if self._captured is None:
            return
        path, rotation = self._captured
        usual = self._usual_file(settings.port)
        await self._capturing_second.use(usual if usual not in ("", path) else beside(path), rotation, usual=True)

    async def second_ends(self) -> None:
        """Its last lines belong to its capture, too."""
        capturing, self._capturing_second = self._capturing_second, None
        if capturing is not None:
            await capturing.close()

    def _usual_file(self, port: str) -> str:
        """Where what passes on `port` is always kept; empty for nowhere. What is in the way is said."""
        if not self._preferences.capture:
            return ""
        try:
            return capture_path(self._preferences.capture, port)
        except OSError as error:
            self.host.toast(f"Cannot capture: {error.filename}: {error.strerror}.", bad=True)
            return ""

    def restore_focus(self) -> None:
        """Typing goes on where it belongs."""
        if self.has_class("-choosing"):
            self.query_one(PortPicker).focus_field()
        else:
            self.tx.input.focus()

    @property
    def said_status(self) -> Status:
        """While a port that was never open is waited for, the hint says how to end that."""
        status = super().said_status
        if self._was_open or status.hint != WAITING:
            return status
        return replace(status, hint=f"{WAITING.removesuffix('.')} (esc stops).")

    def band_keys(self) -> Sequence[Part]:
        """Waiting for a port can be ended."""
        keys = [*super().band_keys()]
        if self.first.status.state is State.LOST and self._was_open:
            keys.append(band_key("esc", "stop waiting", "stop"))
        return keys

    # Opening and closing

    def open(
        self, settings: Settings, beside: Settings | None = None, bridged: bool = False, *, keep: bool = True
    ) -> None:
        """Open a port, and perhaps another one `beside` it or `bridged` with it, in place of what is open.

        What passes is kept where the user always wants that, if `keep` does not say otherwise.
        """
        self._was_open = False
        self._show_port()
        self.recall(settings.port)
        self.run_worker(self._open(settings, beside, bridged), group="open", exclusive=True, exit_on_error=False)
        self.remember(settings)
        if keep and (path := self._usual_file(settings.port)):
            self._start_capture(path, self._preferences.rotation, usual=True)

    async def _open(self, settings: Settings, beside: Settings | None, bridged: bool) -> None:
        await self.close_second()
        await self.first.open(settings)
        reports.follow("open port", self._awaited, self.first.listen)
        if beside is not None:
            await self.open_second(beside, bridged)

    def _awaited(self) -> str | None:
        """For a report of how long opening took: what is waited for, nothing when it is open, None when it fails."""
        match self.first.status.state:
            case State.LIVE:
                return ""
            case State.STARTING:
                return "connect"
        return None

    def settings_of(self, words: str) -> Settings:
        """How a port is to be opened that is named by command, perhaps with a baud rate. Raises CommandError."""
        port, _, baud = words.partition(" ")
        given = {"baud": baud.strip()} if baud.strip() else {}
        try:
            return settings_for(port, self.remembered, self._preferences.settings, given)
        except BadSettingError as error:
            raise CommandError(error.reason) from None

    def _show_port(self) -> None:
        self.remove_class("-choosing")
        self.tx.input.focus()
        self.refresh_rows()

    @on(PortPicker.Chosen)
    def _chosen(self, event: PortPicker.Chosen) -> None:
        event.stop()
        try:
            settings = self.settings_of(event.port)
            beside = self.settings_of(event.beside) if event.beside else None
        except CommandError as error:
            self.host.toast(str(error), bad=True)
        else:
            self.open(settings, beside, event.bridged)

    def action_ports(self) -> None:
        """Choose a port; what is open stays open meanwhile."""
        self.add_class("-choosing")
        self.query_one(PortPicker).focus_field()
        self.refresh_rows()

    def escape(self) -> bool:
        """Back to the lines; stop an opening or a waiting; end find and filter; leave the input."""
        if self.has_class("-choosing"):
            if self.first.settings is None:
                return False
            self._show_port()
            return True
        if self.first.status.state in (State.STARTING, State.LOST, State.FAILED):
            self.run_worker(self.first.close(), group="open", exclusive=True, exit_on_error=False)
            self.action_ports()
            return True
        if super().escape():
            return True
        if self.focused is self.tx.input:
            self.lines.focus()
            return True
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a port is chosen, there is nothing else to choose."""
        if action == "ports" and self.has_class("-choosing"):
            return False
        return super().check_action(action, parameters)
