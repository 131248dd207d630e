"""What a tab is to the frame, and what the screens ask of the program around them."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from opsterm.services.lines import Ring
from opsterm.services.service import Service, State

WIDE, NARROW = 100, 60  # columns from which there is room for everything, and for most

GLYPHS = {
    State.OFF: "○",
    State.STARTING: "◐",
    State.LIVE: "●",
    State.DEGRADED: "◐",
    State.LOST: "↻",
    State.FAILED: "✖",
}

ROLES = {
    State.OFF: "$foreground-muted",
    State.STARTING: "$foreground",
    State.LIVE: "$success",
    State.DEGRADED: "$warning",
    State.LOST: "$warning",
    State.FAILED: "$error",
}


@dataclass
class Tab:
    """One tab: its name, the key that shows it, and the service behind it."""

    name: str
    title: str
    key: str
    make: Callable[[], Service]
    """Makes the service; called once, when the tab is first needed, since it may import much."""
    eager: bool = False
    """Whether the service begins with the program, and not when the tab is first looked at."""
    figure: str = ""
    """A short figure shown beside the name while work runs, such as `4/9`."""
    alerts: int = 0
    _service: Service | None = None

    @property
    def service(self) -> Service:
        """The service behind the tab, made now if need be."""
        if self._service is None:
            self._service = self.make()
        return self._service

    @property
    def awake(self) -> bool:
        """Whether the service was ever needed."""
        return self._service is not None

    @property
    def state(self) -> State:
        """How the service is; off while there is none."""
        return self._service.status.state if self._service else State.OFF

    @property
    def glyph(self) -> str:
        """How the service is, in one cell."""
        return GLYPHS[self.state]


class Host(Protocol):
    """The program as a screen sees it."""

    @property
    def tabs(self) -> Sequence[Tab]:
        """All tabs, in the order of their keys."""

    @property
    def badges(self) -> Sequence[tuple[str, str]]:
        """Words for the right end of the first row, each with its style: `DEMO`, `RO`."""

    @property
    def messages(self) -> Ring:
        """Everything that was said in passing."""

    @property
    def memory(self) -> MutableMapping[str, Any]:
        """What is remembered from one run to the next; plain JSON values."""

    @property
    def config_folder(self) -> Path:
        """Where the user's files for opsterm are."""

    def watch_service(self, tab: Tab) -> None:
        """Have the rows shown anew at each change of the tab's service."""

    def show_tab(self, name: str) -> None:
        """Show another tab."""

    def toast(self, text: str, *, bad: bool = False) -> None:
        """Say something that has no place of its own; it is kept in `messages`."""
