"""What can be set of the open port: a panel, `:set`, and the lines beside the data."""

from __future__ import annotations

import difflib
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from opsterm.screens.commands import Command, CommandError
from opsterm.screens.serial_info import InfoPanel
from opsterm.screens.serial_macros import SerialMacros
from opsterm.screens.serial_sending import Typing
from opsterm.screens.serial_settings import KEYS, SettingsPanel
from opsterm.screens.tabs import Tab
from opsterm.services.serial.choose import changed, kept, written
from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.serial.modem import LineErrors, ModemLines
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from opsterm.widgets.bar import Bar, Part, part
from opsterm.widgets.choices import Choice, Choices

_LOOK_SECONDS = 0.5
"""Between two looks at the modem lines."""
_FRAMES = {"slip": "byte:C0", "cobs": "nul"}
"""Where frames end that a decoder takes."""
_PAUSES = ("0", "1", "5", "10", "20", "50", "100", "200", "500", "1000")
_MOST_PAUSE = 10_000
_SHOWN = ("dtr", "rts", "cts", "dsr", "cd", "ri")
_OURS = ("dtr", "rts")


class SerialTuning(SerialMacros):
    """The part of the tab that sets the port."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "info", "Statistics", show=False, id="serial.info", tooltip="Bytes, lines, rates, faults"),
        Binding(
            "ctrl+b", "settings", "Settings", id="serial.settings", tooltip="Baud rate, bits, flow control, ending"
        ),
    ]

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._modem: ModemLines | None = None  # as they were at the last look
        self._faults: LineErrors | None = None
        self._lineless = 0.0  # when a port was opened that has neither lines nor counters

    @property
    def remembered(self) -> dict[str, dict[str, Any]]:
        """What is known of each port from before: how it was set, and when it was used."""
        found = self.host.memory.get("ports")
        return found if isinstance(found, dict) else {}

    def remember(self, settings: Settings) -> None:
        """Open this port like this the next time."""
        self.host.memory["ports"] = {
            **self.remembered,
            settings.port: {
                **kept(settings),
                "decoder": self.decoder,
                "typing": self.typing.value,
                "line_ms": self.line_ms,
                "char_ms": self.char_ms,
                "used": time.time(),
            },
        }

    def recall(self, port: str) -> None:
        """Have decoder, pauses and way of typing as they were with this port; a spoilt memory counts as none."""
        known = self.remembered.get(port, {})
        self.line_ms, self.char_ms = (_whole(known.get(name)) for name in ("line_ms", "char_ms"))
        self.typing = next((way for way in Typing if way.value == known.get("typing")), Typing.TEXT)
        decoder = known.get("decoder")
        self.use_decoder(decoder if isinstance(decoder, str) else "")

    def on_mount(self) -> None:
        """Look at the modem lines now and then."""
        self.set_interval(_LOOK_SECONDS, self._look)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a port is chosen, there is none to set."""
        if action in ("settings", "info") and self.pane is None:
            return False
        return super().check_action(action, parameters)

    def commands(self) -> Sequence[Command]:
        """Settings and lines, by command."""
        return (
            *super().commands(),
            Command("set", "change a setting of the port: set baud 57600", self._set, _settable),
            Command("break", "send BREAK: break [milliseconds]", self._break, lambda: ("250",)),
            Command("pulse", "switch a line over and back: pulse dtr [milliseconds]", self._pulse, lambda: _OURS),
        )

    def _remember(self) -> None:
        if self.service.settings is not None:
            self.remember(self.service.settings)

    # The panel

    def action_settings(self) -> None:
        """Open or close the settings of the port."""
        settings = self.service.settings
        if self.close_aside():
            self.restore_focus()
        elif settings is not None:
            panel = SettingsPanel(
                settings, self._own(), has_rate=self.service.has_rate, has_lines=self._modem is not None
            )
            self.open_aside(panel)
            self.call_after_refresh(panel.choices.focus)

    def _own(self) -> Mapping[str, Choice]:
        """What is set of the screen, not of the port."""
        ways = tuple(each.value for each in Typing)
        return {
            "typing": Choice("typing", "Typed lines are", ways, self.typing.value),
            "line_ms": Choice("line_ms", "Pause after line, ms", _PAUSES, str(self.line_ms), typed=True),
            "char_ms": Choice("char_ms", "… after character, ms", _PAUSES, str(self.char_ms), typed=True),
            "decoder": Choice("decoder", "Decoder", ("none", *self.decoders), self.decoder or "none"),
            "echo": Choice("echo", "Show sent lines", ("on", "off"), "on" if self.echo else "off"),
        }

    @on(Choices.Changed)
    def _setting_changed(self, event: Choices.Changed) -> None:
        event.stop()
        if event.key == "typing":
            self.typing = Typing(event.value)
            self._remember()
            self.refresh_rows()
        elif event.key in ("line_ms", "char_ms"):
            self._pause(event.key, event.value)
        elif event.key == "decoder":
            self.use_decoder("" if event.value == "none" else event.value)
        elif event.key == "echo":
            self.echo = event.value == "on"
        elif event.key == "break":
            self._do(self.service.send_break())
        elif event.key.startswith("pulse "):
            self._do(self.service.pulse(event.key.removeprefix("pulse ")))
        else:
            try:
                self._change(event.key, event.value)
            except BadSettingError as error:
                self._refuse(event.key, error)

    def _pause(self, key: str, value: str) -> None:
        if value.isdecimal() and int(value) <= _MOST_PAUSE:
            setattr(self, key, int(value))
            self._remember()
            for choices in self.query(Choices):
                choices.refuse("")
        else:
            for choices in self.query(Choices):
                choices.refuse(f"'{value}': milliseconds, at most {_MOST_PAUSE}.")
                choices.put(key, str(getattr(self, key)))

    def use_decoder(self, name: str) -> None:
        """And have lines end where frames do, unless the user has said where; it is remembered for the port."""
        super().use_decoder(name)
        settings, framing = self.service.settings, _FRAMES.get(name)
        if settings is not None and framing and settings.framing == "auto":
            self._change("framing", framing)
            self.host.toast(f"{name}: lines end at {framing} from now on (:set framing).")

    async def decode(self, name: str) -> None:
        """And remember it for the port. Raises SerialError for an impossible name."""
        await super().decode(name)
        self._remember()

    def _change(self, key: str, value: str) -> None:
        """Raises BadSettingError."""
        settings = self.service.settings
        if settings is not None:
            work = self._retune(changed(settings, key, value), key)
            self.run_worker(work, group="retune", exclusive=True, exit_on_error=False)

    async def _retune(self, settings: Settings, key: str) -> None:
        try:
            await self.service.retune(settings)
        except SerialError as error:
            self._refuse(key, error)
            return
        for choices in self.query(Choices):
            choices.put(key, written(settings, key))
        self.remember(settings)
        self.refresh_rows()

    def _refuse(self, key: str, error: SerialError) -> None:
        settings = self.service.settings
        panels = [*self.query(Choices)]
        for choices in panels:
            choices.refuse(error.reason)
            if settings is not None:
                choices.put(key, written(settings, key))
        if not panels:
            self.host.toast(error.reason, bad=True)

    def action_info(self) -> None:
        """Open or close the statistics of the port."""
        if isinstance(self.aside, InfoPanel):
            self.close_aside()
        elif self.service.settings is not None:
            self.open_aside(InfoPanel(self.service))

    # Commands

    def _set(self, words: str) -> None:
        key, _, value = words.partition(" ")
        if key not in KEYS or not value.strip():
            near = difflib.get_close_matches(key, KEYS, 1)
            wrong = f'no setting "{key}"' + (f" · nearest: {near[0]}" if near else "") if key not in KEYS else ""
            raise CommandError(wrong or f"set {key} {'|'.join(KEYS[key])}" if key else f"set {'|'.join(KEYS)}")
        if self.service.settings is None:
            raise CommandError("no port is open")
        try:
            self._change(key, value.strip())
        except BadSettingError as error:
            raise CommandError(error.reason) from None

    def _break(self, words: str) -> None:
        self._do(self.service.send_break(_seconds(words or "250")))

    def _pulse(self, words: str) -> None:
        name, _, rest = words.partition(" ")
        if name not in _OURS:
            raise CommandError("pulse dtr or pulse rts, and for how many milliseconds")
        self._do(self.service.pulse(name, _seconds(rest or "100")))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self.run_worker(self._said(work), group="lines", exit_on_error=False)

    async def _said(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except SerialError as error:
            self.host.toast(error.reason, bad=True)

    # The lines beside the data

    def _look(self) -> None:
        if self.is_current and self.pane is not None:
            self.run_worker(self._look_at_lines(), group="modem", exclusive=True, exit_on_error=False)

    async def _look_at_lines(self) -> None:
        service = self.service
        opened = service.status.since if service.status.state is State.LIVE else 0.0
        lines, faults = None, None
        if opened and opened != self._lineless:
            lines, faults = await service.read_lines(), await service.line_errors()
            if lines is None and faults is None:
                self._lineless = opened  # a pty, a socket: not asked again before it is opened again
        if (lines, faults) != (self._modem, self._faults):
            self._modem, self._faults = lines, faults
            self.refresh_rows()

    def figures(self) -> Sequence[Part]:
        """And what the driver says it lost: `dropped` are the bytes for which there was no room in time."""
        faults = self._faults
        if faults is None or self.pane is None:
            return super().figures()
        return (
            *super().figures(),
            *self.loss("dropped", faults.overrun + faults.buffer_overrun),
            *(self.loss("framing", faults.framing) if faults.framing else ()),
            *(self.loss("parity", faults.parity) if faults.parity else ()),
        )

    def chips(self) -> Sequence[Part]:
        """And the modem lines, in capitals where they are on."""
        lines = self._modem
        if lines is None or self.pane is None:
            return super().chips()
        parts = []
        for name in _SHOWN:
            on_ = getattr(lines, name)
            style = "" if on_ else "$foreground-muted"
            parts.append((f"{name.upper() if on_ else name}", style))
        return (*super().chips(), *self._leds(parts))

    def _leds(self, words: Sequence[tuple[str, str]]) -> Sequence[Part]:
        ours = [part(text, style, id=f"line {text.lower()}", keep=3) for text, style in words[: len(_OURS)]]
        theirs = [run for text, style in words[len(_OURS) :] for run in ((text, style), (" ", ""))]
        return (*ours, Part(tuple(theirs[:-1]), keep=2))

    @on(Bar.Pressed, "#context")
    def _line_pressed(self, event: Bar.Pressed) -> None:
        settings = self.service.settings
        if event.part_id == "settings":
            self.action_settings()
        elif event.part_id.startswith("line ") and settings is not None:
            name = event.part_id.removeprefix("line ")
            self._change(name, "off" if getattr(settings, name) else "on")


def _whole(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= _MOST_PAUSE else 0


def _settable() -> Sequence[str]:
    return [f"{key} {value}" for key, values in KEYS.items() for value in values]


def _seconds(text: str) -> float:
    if not text.strip().isdecimal() or not 0 < int(text) <= 10_000:
        raise CommandError(f"'{text}': milliseconds, from 1 to 10000")
    return int(text) / 1000
