"""A capture played again, in the place of the Serial tab: `opsterm replay FILE`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from opsterm.screens.serial_decoding import SerialDecoding
from opsterm.screens.tabs import Tab
from opsterm.services.serial.replay import ReplayService
from opsterm.services.service import State
from opsterm.widgets.bar import Part, part


class ReplayScreen(SerialDecoding):
    """The lines of a capture as they came: filter, find, hex, copy and save as while they were live."""

    FOOTER = ("replay.again", "replay.stop", "line.zoom", "pane.filter", "pane.find", "line.stamps", "line.wrap")
    WORDS: ClassVar[Mapping[State, str]] = {
        State.OFF: "ended",
        State.STARTING: "opening",
        State.LIVE: "playing",
        State.DEGRADED: "degraded",
        State.LOST: "lost",
        State.FAILED: "failed",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", "Play again", id="replay.again", tooltip="Play the capture from its beginning"),
        Binding("x", "stop", "Stop", id="replay.stop", tooltip="Stop playing; what was played stays"),
    ]

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._state = State.OFF

    @property
    def service(self) -> ReplayService:
        """The service behind this tab."""
        return cast(ReplayService, self.tab.service)

    def compose_main(self) -> ComposeResult:
        """The lines."""
        yield self.lines

    def on_mount(self) -> None:
        """Begin to play."""
        self.lines.focus()
        self.action_again()

    def where(self) -> Sequence[Part]:
        """The file, and how it ended."""
        settings, status = self.service.settings, self.service.status
        end = status.reason if status.state is State.OFF else ""
        return (
            part("replay", "$foreground-muted", keep=5),
            part(settings.port if settings else "", "bold", keep=9),
            *([part(end, "$foreground-muted", keep=4)] if end else []),
        )

    def refresh_rows(self) -> None:
        """The rows, and the keys where other ones can work now."""
        state = self.service.status.state
        if state is not self._state:
            self._state = state
            self.refresh_bindings()
        super().refresh_rows()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What plays can be stopped, and what does not can be played again."""
        playing = self.service.status.state in (State.STARTING, State.LIVE)
        if (action == "stop" and not playing) or (action == "again" and playing):
            return False
        return super().check_action(action, parameters)

    def action_again(self) -> None:
        """Play from the beginning, below what was played."""
        self.lines.follow = True
        self.run_worker(self.service.start(), group="replay", exit_on_error=False)

    def action_stop(self) -> None:
        """Stop playing."""
        self.run_worker(self.service.stop(), group="replay", exit_on_error=False)
