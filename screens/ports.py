"""The port picker: a live list of the ports of this machine, and a field that filters it or takes a path."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from opsterm.services.serial.ports import Port, watch_ports
from opsterm.widgets.prompt import PromptInput
from opsterm.widgets.row_table import Cell, Column, Row, RowTable

_NONE = "No serial ports found. Plug a device in and it appears here, or type a path or URL."
_NEW_SECONDS = 10  # how long a port that just came is marked


class PortInput(PromptInput):
    """The field above the list: down goes into the list, enter opens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Open", id="ports.open", tooltip="Open the port of the cursor, or the path typed"),
        Binding("down", "into_list", "Into the list", id="ports.down", tooltip="Choose with the arrow keys"),
    ]

    class IntoList(Message):
        """The arrow went down, into the list."""

    def action_into_list(self) -> None:
        """Leave the field for the list."""
        self.post_message(self.IntoList())


class PortPicker(Vertical):
    """Shown while nothing is open, and with ctrl+o."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "b", "bridge", "Bridge", id="ports.bridge", tooltip="Join the two marked ports, and see both directions"
        ),
    ]
    DEFAULT_CSS = """
    PortPicker { height: 1fr; }
    PortPicker > Horizontal { height: 1; background: $panel; }
    PortPicker > Horizontal > Static { width: auto; padding: 0 1; color: $foreground-muted; }
    PortPicker > Horizontal > PortInput { width: 1fr; background: $panel; }
    PortPicker > RowTable { height: 1fr; }
    """

    class Chosen(Message):
        """A port is to be opened; with `beside`, another one at its side, or `bridged` with it."""

        def __init__(self, port: str, beside: str = "", bridged: bool = False) -> None:
            super().__init__()
            self.port = port
            self.beside = beside
            self.bridged = bridged

    def __init__(self, remembered: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(classes="main--body")
        self._remembered = remembered
        self._ports: list[Port] | None = None
        self._new: dict[str, float] = {}  # when a port came, in seconds of time.monotonic()
        self.input = PortInput()
        self._count = Static()
        self._table = RowTable(
            [
                Column("port", "PORT", priority=0),
                Column("description", "DESCRIPTION", priority=2, flexible=True),
                Column("state", "STATE", priority=1),
                Column("id", "ID", priority=4),
                Column("used", "LAST USED", priority=3),
            ],
            placeholder=Content(_NONE),
        )

    def compose(self) -> ComposeResult:
        """The field and the list."""
        with Horizontal():
            yield Static(Content("Open ›"))
            yield self.input
            yield self._count
        yield self._table

    def on_mount(self) -> None:
        """Follow what is plugged in and out, for as long as the screen lives."""
        self.screen.run_worker(self._follow(), group="ports", exclusive=True, exit_on_error=False)

    def focus_field(self) -> None:
        """Begin to choose."""
        self.input.value = ""
        self.input.focus()

    async def _follow(self) -> None:
        async for ports in watch_ports():
            self.show(ports)

    def show(self, ports: list[Port]) -> None:
        """Show these ports; those that were not there before are marked for a while."""
        if self._ports is not None:
            before = {port.device for port in self._ports}
            now = time.monotonic()
            self._new = {
                port.device: self._new.get(port.device, now) for port in ports if port.device not in before
            } | {device: since for device, since in self._new.items() if now - since < _NEW_SECONDS}
        self._ports = ports
        self._table.set_rows([self._row(port) for port in ports])
        self._filter()

    def _row(self, port: Port) -> Row:
        if port.problem:
            state = Cell(f"✖ {port.problem}", "error")
        elif port.held_by:
            state = Cell(f"▲ {port.held_by}", "warning")
        else:
            state = Cell("● free", "success")
        new = port.device in self._new
        description = Cell(f"+ new: {port.description}" if new else port.description, "accent" if new else "")
        return Row(port.device, (port.device, description, state, port.id, self._used(port.device)))

    def _used(self, device: str) -> str:
        known = self._remembered.get(device, {})
        if not known.get("used"):
            return ""
        ago = time.time() - float(known["used"])
        for span, unit in ((86400, "d"), (3600, "h"), (60, "min")):
            if ago >= span:
                return f"{known.get('baud', '')}, {int(ago // span)} {unit} ago"
        return f"{known.get('baud', '')}, just now"

    def _filter(self) -> None:
        words = self.input.value.casefold().split()
        self._table.filter(
            (lambda row: all(word in " ".join(row.texts()).casefold() for word in words)) if words else None
        )
        typed = self.input.value.strip()
        self._table.placeholder = Content(
            _NONE if not words else f'No port matches "{typed}": enter opens it by this name.'
        )
        total = len(self._ports or ())
        others = "or type: path, usb:VID:PID, socket://host:port, bt://AA:BB:…, bt-server://, ble://name"
        self._count.update(Content(f"{self._table.shown} of {total} match" if words else others))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._filter()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        listed = self._table.cursor_key if self._table.shown else None
        exact = typed in {port.device for port in self._ports or ()}
        chosen = listed if listed and not exact and ("/" not in typed or typed in listed) else typed
        if chosen:
            self.post_message(self.Chosen(chosen))

    @on(PortInput.IntoList)
    def _into_list(self, event: PortInput.IntoList) -> None:
        event.stop()
        self._table.focus()

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        event.stop()
        marked = sorted(self._table.marks)
        if len(marked) > 2:
            self._count.update(Content("two side by side at most; space takes a mark away"))
            return
        self._table.action_clear_marks()
        if len(marked) == 2:
            self.post_message(self.Chosen(marked[0], marked[1]))
        elif marked and marked[0] != event.key:
            self.post_message(self.Chosen(marked[0], event.key))
        else:
            self.post_message(self.Chosen(event.key))

    def action_bridge(self) -> None:
        """Join the two ports that are marked."""
        marked = sorted(self._table.marks)
        if len(marked) == 2:
            self._table.action_clear_marks()
            self.post_message(self.Chosen(marked[0], marked[1], bridged=True))
        else:
            self._count.update(Content("space marks two, then b joins them"))

    def on_key(self, event: events.Key) -> None:
        """Up from the first row goes back to the field."""
        if event.key == "up" and self._table.has_focus and self._table.at_top:
            event.stop()
            self.input.focus()
