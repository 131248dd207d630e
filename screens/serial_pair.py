"""Two ports side by side on one time axis; typed lines go to one of them, or to both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType

from opsterm.screens.band import state_part
from opsterm.screens.commands import Command, CommandError
from opsterm.screens.serial_tuning import SerialTuning
from opsterm.screens.tabs import WIDE, Tab
from opsterm.services.lines import Direction, Line, Ring
from opsterm.services.serial.bridge import Bridge
from opsterm.services.serial.intake import Counters
from opsterm.services.serial.merge import Merge
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State, Status
from opsterm.widgets.bar import Part
from opsterm.widgets.line_view.words import arrow_role, arrows

_BESIDE_NAMES = 80
"""Cells of row 2 that are not for the names of two ports."""
_WELL = (State.LIVE, State.STARTING, State.OFF)


class SerialPair(SerialTuning):
    """The part of the tab that knows of a second port. `A` is the port of the tab, `B` the one beside it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "target", "Send to", id="serial.target", tooltip="Send to A, to B, or to both"),
    ]

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.second: SerialService | None = None
        self._merge: Merge | None = None
        self._bridge: Bridge | None = None
        self._target = "A"

    @property
    def first(self) -> SerialService:
        """The service of the tab's own port."""
        return cast(SerialService, self.tab.service)

    @property
    def service(self) -> SerialService:
        """The port that settings are of, and typed lines go to."""
        return self.second if self.second is not None and self._target == "B" else self.first

    @property
    def source(self) -> Ring:
        """The lines of the port, or of both, as they came."""
        return self._merge.ring if self._merge is not None else self.first.ring

    @property
    def counters(self) -> Counters:
        """Of both together, where there are two."""
        first = self.first.counters
        if self.second is None:
            return first
        second = self.second.counters
        return Counters(*(getattr(first, each.name) + getattr(second, each.name) for each in fields(Counters)))

    async def on_unmount(self) -> None:
        """The second port is this screen's own."""
        await self.close_second()

    # The second port

    async def open_second(self, settings: Settings, bridged: bool = False) -> None:
        """Open a port beside that of the tab, in place of another one there; perhaps `bridged` with it."""
        await self.close_second()
        self.second = second = SerialService()
        second.listen(self._second_changed)
        merge = Merge({"A": self.first.ring, "B": second.ring})
        await merge.start()
        self._merge = merge
        self.remember(settings)
        if bridged:
            self._bridge = Bridge(self.first, second)
            self._bridge.start()
        await self._show_lines()
        await self.second_made(second, settings)
        await second.open(settings)

    async def second_made(self, second: SerialService, settings: Settings) -> None:
        """The service of the second port is there, and is opened next."""

    def _second_changed(self) -> None:
        self.call_later(self.refresh_rows)

    async def close_second(self) -> None:
        """Close the port beside that of the tab; its lines go with it."""
        second, self.second = self.second, None
        merge, self._merge = self._merge, None
        bridge, self._bridge = self._bridge, None
        self._target = "A"
        if second is not None:
            await self.second_ends()
        if bridge is not None:
            await bridge.stop()
        if merge is not None:
            merge.stop()
        if second is not None:
            if self.is_running:
                await self._show_lines()
            await second.close()

    async def second_ends(self) -> None:
        """The second port is closed next."""

    async def _show_lines(self) -> None:
        two = self.second is not None
        self.lines.prefix = (_crossing if self._bridge else _lettered) if two else arrows
        self._use_columns(self.size.width)
        await self.show_source()
        self.refresh_bindings()
        self.refresh_rows()

    def on_resize(self, event: events.Resize) -> None:
        """Two columns need room."""
        if self.second is not None:
            self._use_columns(event.size.width)

    def _use_columns(self, width: int) -> None:
        columns = self.second is not None and width >= WIDE
        if columns != (self.lines.lanes is not None):
            self.lines.lanes = _column if columns else None
            self.lines.wrap = self.wraps(width)

    def wraps(self, width: int) -> bool:
        """In a column long lines go on below."""
        return self.lines.lanes is not None or super().wraps(width)

    # Sending

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is a choice only between two."""
        if action == "target" and (self.second is None or self._bridge is not None):
            return False
        return super().check_action(action, parameters)

    def action_target(self) -> None:
        """Send to the next one: A, B, both."""
        targets = ("A", "B", "both")
        self._target = targets[(targets.index(self._target) + 1) % len(targets)]
        self.close_aside()  # settings are those of one port
        self.refresh_rows()

    def label_tx(self) -> None:
        """Say where a line goes, too."""
        if self.second is None:
            super().label_tx()
        elif self._bridge is not None:
            self.tx.label("off: the ports are bridged")
        else:
            self.tx.label(f"to {self._target}, {self.how_sent()}")

    def send_bytes(self, line: str | bytes, bare: bool = False) -> None:
        """Send to the port that is meant, or to both. Raises BadSettingError."""
        if self.second is not None and self._target == "both":
            self.second.send(line, bare)
        super().send_bytes(line, bare)

    def send_all(self, lines: Sequence[str]) -> None:
        """Send pasted lines; to both without pauses."""
        if self.second is not None and self._target == "both":
            for line in lines:
                self.send_line(line)
        else:
            super().send_all(lines)

    # The frame

    def context(self, state: Part) -> Sequence[Part]:
        """Both ports, each with its state."""
        second = self.second
        if second is None:
            return super().context(state)
        room = max(8, (self.size.width - _BESIDE_NAMES) // 2)
        return (
            *_named("A", self.first.settings, state, room),
            *_named("B", second.settings, state_part(second.status, self.WORDS), room),
        )

    @property
    def said_status(self) -> Status:
        """The first that is not well."""
        if self.second is not None and self.first.status.state in _WELL and self.second.status.state not in _WELL:
            status = self.second.status
            return replace(status, reason=f"B: {status.reason}" if status.reason else "")
        return super().said_status

    def action_retry(self) -> None:
        """Try both now."""
        super().action_retry()
        if self.second is not None:
            self.second.retry()

    def commands(self) -> Sequence[Command]:
        """The second port, by command."""
        return (
            *super().commands(),
            Command("split", "open another port beside this one", self._split, lambda: tuple(self.remembered)),
            Command(
                "bridge", "open another port and join it with this one", self._join, lambda: tuple(self.remembered)
            ),
            Command("single", "close the port beside this one", self._single),
        )

    def _split(self, words: str) -> None:
        self._open_second("split", words, False)

    def _join(self, words: str) -> None:
        self._open_second("bridge", words, True)

    def _open_second(self, name: str, words: str, bridged: bool) -> None:
        if not words:
            raise CommandError(f"{name} PORT [BAUD]")
        if self.first.settings is None:
            raise CommandError("no port is open")
        self.run_worker(self.open_second(self.settings_of(words), bridged), group="second", exit_on_error=False)

    def _single(self, _: str) -> None:
        if self.second is None:
            raise CommandError("only one port is open")
        self.run_worker(self.close_second(), group="second", exit_on_error=False)

    def settings_of(self, words: str) -> Settings:
        """How a port is to be opened that is named by command, perhaps with a baud rate. Raises CommandError."""
        raise NotImplementedError


def _lettered(line: Line) -> Sequence[tuple[str, str]]:
    return (
        (f"{line.source} ", "source-1" if line.source == "A" else "source-2"),
        (f"{line.arrow} ", arrow_role(line)),
    )


def _crossing(line: Line) -> Sequence[tuple[str, str]]:
    if line.direction is not Direction.RX:
        return _lettered(line)
    return (("A→B ", "source-1"),) if line.source == "A" else (("B→A ", "source-2"),)


def _column(line: Line) -> int:
    return int(line.source == "B")


def _named(letter: str, settings: Settings | None, state: Part, room: int) -> Sequence[Part]:
    port = settings.port if settings else "no port"
    name = port if len(port) <= room else f"…{port[1 - room :]}"  # the end of a path tells more
    rate = f" {settings.baud}" if settings else ""
    return (Part(((f"{letter} ", "$foreground-muted"), (name, "bold"), (rate, "")), id="settings", keep=9), state)
