"""Statistics of the open port, at the right of its lines: `i`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from opsterm.screens.rate import Rate
from opsterm.services.serial.modem import LineErrors
from opsterm.services.serial.service import SerialService
from opsterm.services.service import State
from opsterm.widgets.side_panel import SidePanel
from opsterm.widgets.words import clock, size

_LOOK_SECONDS = 0.5

Row = tuple[str, str]


class InfoPanel(SidePanel):
    """Follows what is counted for as long as it is open."""

    DEFAULT_CSS = "InfoPanel { width: 40; }"

    def __init__(self, service: SerialService) -> None:
        super().__init__()
        self._service = service
        self._rates = {name: Rate() for name in ("rx_bytes", "tx_bytes", "lines", "tx_lines")}
        self._table = Static()

    def compose(self) -> ComposeResult:
        """Title and figures."""
        yield Static(Content.styled("Statistics\n", "bold"))
        yield self._table
        yield Static(Content.styled("\ni or esc closes", "$foreground-muted"))

    def on_mount(self) -> None:
        """Look now, and again and again."""
        self.set_interval(_LOOK_SECONDS, self._look)
        self.call_later(self._look)

    async def _look(self) -> None:
        service = self._service
        faults = await service.line_errors() if service.status.state is State.LIVE else None
        rows = [*self._traffic(), *_health(service), *_faults(faults)]
        width = max(len(name) for name, _ in rows) + 2
        self._table.update(
            Content("\n").join(
                Content.assemble((name.ljust(width), "$foreground-muted"), (value, "")) for name, value in rows
            )
        )

    def _traffic(self) -> Sequence[Row]:
        counters = self._service.counters
        rate = {name: each.of(getattr(counters, name)) for name, each in self._rates.items()}
        return (
            ("Rx bytes", f"{size(counters.rx_bytes)}   {size(int(rate['rx_bytes']))}/s{self._use(rate['rx_bytes'])}"),
            ("Rx lines", f"{counters.lines:,}   {rate['lines']:.0f}/s"),
            ("Tx bytes", f"{size(counters.tx_bytes)}   {size(int(rate['tx_bytes']))}/s{self._use(rate['tx_bytes'])}"),
            ("Tx lines", f"{counters.tx_lines:,}   {rate['tx_lines']:.0f}/s"),
            ("Tx waiting", size(self._service.queued)),
        )

    def _use(self, bytes_per_second: float) -> str:
        """How much of what the line can carry that is."""
        settings = self._service.settings
        if settings is None or not self._service.has_rate:
            return ""
        bits = 1 + settings.data_bits + (settings.parity != "N") + settings.stop_bits
        return f"   {bytes_per_second * bits / settings.baud:.0%}"


def _health(service: SerialService) -> Sequence[Row]:
    counters, status = service.counters, service.status
    up = clock(time.monotonic() - status.since) if status.state is State.LIVE else "not open"
    return (
        ("Open for", up),
        ("Reconnects", f"{counters.reconnects:,}"),
        ("Gaps", f"{counters.gaps:,}"),
        ("Errors", f"{counters.errors:,}"),
        ("Lines kept", f"{len(service.ring):,}, {size(service.ring.bytes)}"),
        ("Evicted", f"{service.ring.evicted:,}"),
    )


def _faults(faults: LineErrors | None) -> Sequence[Row]:
    """What the driver has counted; most devices that are no UART count nothing."""
    if faults is None:
        return (("Line faults", "not counted here"),)
    return (
        ("Framing", f"{faults.framing:,}"),
        ("Parity", f"{faults.parity:,}"),
        ("Overrun", f"{faults.overrun:,} in the device, {faults.buffer_overrun:,} in the kernel"),
        ("Breaks", f"{faults.breaks:,}"),
    )
