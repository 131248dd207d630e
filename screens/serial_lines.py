"""The lines of the Serial tab: as text or in hex, in the device's colours, read back while one types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content

from opsterm.screens.pane import PaneScreen
from opsterm.screens.rate import Rate
from opsterm.screens.serial_views import HexRecords, View
from opsterm.screens.tabs import NARROW, WIDE, Tab
from opsterm.services import sgr
from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.services.serial.intake import Counters
from opsterm.services.serial.replay import ReplayService
from opsterm.services.serial.service import SerialService
from opsterm.widgets.bar import Bar, Part, part
from opsterm.widgets.line_view import LineView
from opsterm.widgets.words import size


class SerialLines(PaneScreen):
    """The part of the tab that shows what passes, or what passed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "view('text')", "Text", show=False, id="serial.text", tooltip="Show lines as text"),
        Binding("2", "view('hex')", "Hex", show=False, id="serial.hex", tooltip="Show the bytes of lines in hex"),
        Binding("3", "view('both')", "Hex and text", show=False, id="serial.both", tooltip="Show hex beside text"),
        Binding(
            "ctrl+l", "clear", "Clear", show=False, id="serial.clear", tooltip="Clear the view; again brings it back"
        ),
        Binding(
            "end,ctrl+end",
            "follow",
            "Follow",
            show=False,
            id="serial.follow",
            tooltip="Follow; end: from an empty input",
        ),
        Binding(
            "pageup", "page(-1)", "Page up", show=False, id="serial.page_up", tooltip="Read back, also while typing"
        ),
        Binding(
            "pagedown",
            "page(1)",
            "Page down",
            show=False,
            id="serial.page_down",
            tooltip="Read on, also while typing",
        ),
    ]

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.lines = LineView(id="lines", classes="main--body")
        self.view = View.TEXT
        self._rate = Rate()
        self._narrow = False

    @property
    def service(self) -> SerialService | ReplayService:
        """The service behind this tab."""
        return cast(SerialService, self.tab.service)

    @property
    def source(self) -> Ring:
        """The lines as they came."""
        return self.service.ring

    @property
    def ring(self) -> Ring:
        """The lines that are shown."""
        return self.source

    @property
    def pane(self) -> LineView | None:
        """The lines, while they are shown."""
        return None if self.has_class("-choosing") else self.lines

    @property
    def echo(self) -> bool:
        """Whether sent lines are shown; those that did not leave always are."""
        return self.lines.left_out is None

    @echo.setter
    def echo(self, echo: bool) -> None:
        self.lines.left_out = None if echo else _is_sent

    @property
    def encoding(self) -> str:
        """How bytes are read as text."""
        return self.service.settings.encoding if self.service.settings else "utf-8"

    def on_mount(self) -> None:
        """Show what passes from the beginning."""
        self.lines.colouring = self._colouring
        self.lines.show(self.ring)

    def _colouring(self, line: Line) -> Sequence[sgr.Run]:
        return sgr.runs(line.raw, line.text, self.encoding)

    def on_resize(self, event: events.Resize) -> None:
        """Long lines are wrapped where few fit, and cut where most do; `w` changes it until the width does."""
        if self._narrow != (narrow := event.size.width < WIDE):
            self._narrow = narrow
            self.lines.wrap = self.wraps(event.size.width)

    def wraps(self, width: int) -> bool:
        """Whether lines wrap by themselves where the screen is this wide."""
        return width < WIDE

    def refresh_rows(self) -> None:
        """The rows, and what is said while there is no line."""
        said = self.said_of_nothing()
        if self.lines.placeholder.plain != said:
            self.lines.placeholder = Content(said)
        super().refresh_rows()

    def said_of_nothing(self) -> str:
        """What stands in the place of lines while there is none."""
        return ""

    def chips(self) -> Sequence[Part]:
        """Filter, view and encoding."""
        if self.pane is None or self.service.settings is None:
            return ()
        view = part(f"{self.view.value} {self.encoding}", "$foreground-muted", id="view", keep=3)
        return (*self.filter_chip(), view)

    @property
    def counters(self) -> Counters:
        """What is counted of what is shown."""
        return self.service.counters

    def figures(self) -> Sequence[Part]:
        """Lines, bytes and losses."""
        if self.pane is None:
            return ()
        service = self.service
        counters = self.counters
        narrow = self.size.width < NARROW
        rate = part(f"{self._rate.of(self.ring.next_seq):.0f}/s", keep=8)
        amounts = (part(f"Rx {size(counters.rx_bytes)}", keep=5), part(f"Tx {size(counters.tx_bytes)}", keep=5))
        return (
            *([rate] if narrow else [*self.losses()[:1], rate, *amounts]),
            *([part(f"◐ {size(service.queued)} not yet taken", "$warning", keep=8)] if service.queued else []),
            *self.loss("errors", counters.errors),
            *self.losses()[1:],
            *self.loss("gaps", counters.gaps),
            *(
                [part(f"reconnects {counters.reconnects}", "$foreground-muted", keep=1)]
                if counters.reconnects or self.size.width >= WIDE
                else []
            ),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a port is chosen, the keys of the lines do nothing."""
        if action in ("clear", "follow", "page", "view") and self.pane is None:
            return False
        return super().check_action(action, parameters)

    def action_view(self, name: str) -> None:
        """Show lines as `text`, in `hex`, or `both`."""
        self.view = View(name)
        if self.view is View.TEXT:
            self.lines.records = None
        else:
            self.lines.records = HexRecords(lambda: self.encoding, self.view is View.BOTH)
        self.refresh_rows()

    @on(Bar.Pressed, "#context")
    def _view_pressed(self, event: Bar.Pressed) -> None:
        if event.part_id == "view":
            views = list(View)
            self.action_view(views[(views.index(self.view) + 1) % len(views)].value)

    def action_clear(self) -> None:
        """Clear the view, or bring it back."""
        self.lines.action_clear()

    def action_follow(self) -> None:
        """Follow again."""
        self.lines.follow = True

    def action_page(self, step: int) -> None:
        """Read a page back or on."""
        self.lines.action_page(step)


def _is_sent(line: Line) -> bool:
    return line.direction is Direction.TX and not line.flags & Flag.UNSENT
