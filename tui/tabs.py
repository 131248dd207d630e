"""The tabs: which there are, and what each is made of when it is first needed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opsterm.screens.tabs import Tab
from opsterm.services.service import Service

if TYPE_CHECKING:
    from opsterm.screens.frame import TabScreen
    from opsterm.screens.opening import Opening
    from opsterm.tui.config import SerialConfig, TracesConfig

# Services and screens are imported inside their makers: a tab that is not looked at costs no start-up time.


def serial_service() -> Service:
    """One port, kept open."""
    from opsterm.services.serial.service import SerialService  # noqa: PLC0415

    return SerialService()


def build_service() -> Service:
    """The engine that the environment names."""
    from opsterm.services.docker.service import BuildService  # noqa: PLC0415

    return BuildService()


@dataclass
class Parts:
    """What the tabs are made of. The demo puts stand-ins in the place of the services."""

    options: argparse.Namespace
    opening: Opening | None = None
    """What is to be open from the start."""
    serial_config: SerialConfig | None = None
    """What the user prefers for every port."""
    folder: Path | None = None
    """The folder of the Builds tab; None leaves the choice to its service."""
    trace_config: TracesConfig | None = None
    """How the Traces tab is set."""
    serial: Callable[[], Service] = serial_service
    pods: Callable[[], Service] | None = None
    builds: Callable[[], Service] = build_service
    traces: Callable[[], Service] | None = None

    def tabs(self) -> list[Tab]:
        """The tabs, in the order of their keys."""
        return [
            Tab("serial", "Serial", "f1", self.serial),
            Tab("pods", "Pods", "f2", self.pods or self._pod_service),
            Tab("builds", "Builds", "f3", self.builds),
            Tab("traces", "Traces", "f4", self.traces or self._trace_service, eager=self._listens),
        ]

    def screens(self) -> Mapping[str, Callable[[Tab], TabScreen]]:
        """What shows each tab, by its name."""
        return {
            "serial": self._serial_screen,
            "pods": self._pods_screen,
            "builds": self._builds_screen,
            "traces": self._traces_screen,
        }

    def _pod_service(self) -> Service:
        from opsterm.services.kube.service import PodService  # noqa: PLC0415

        return PodService(self.options.context or "", self.options.namespace or "")

    @property
    def _listens(self) -> bool:
        return self.trace_config is not None and self.trace_config.listen

    def _trace_service(self) -> Service:
        from opsterm.services.telemetry.service import DEFAULT_PORT, TraceService  # noqa: PLC0415

        configured = self.trace_config.port if self.trace_config else DEFAULT_PORT
        return TraceService(_asked_port(self.options) or configured)

    def _traces_screen(self, tab: Tab) -> TabScreen:
        from opsterm.screens.traces import TracesScreen  # noqa: PLC0415
        from opsterm.tui.options import trace_options  # noqa: PLC0415

        return TracesScreen(tab, trace_options(self.trace_config, asked=self.options.command == "traces"))

    def _serial_screen(self, tab: Tab) -> TabScreen:
        if self.options.command == "replay":
            from opsterm.screens.replaying import ReplayScreen  # noqa: PLC0415

            return ReplayScreen(tab)
        from opsterm.screens.serial import SerialScreen  # noqa: PLC0415
        from opsterm.tui.options import serial_preferences  # noqa: PLC0415

        return SerialScreen(tab, self.opening, serial_preferences(self.serial_config) if self.serial_config else None)

    def _pods_screen(self, tab: Tab) -> TabScreen:
        from opsterm.screens.pods import LogRequest, PodsScreen  # noqa: PLC0415

        options = self.options
        if options.command != "logs":
            return PodsScreen(tab)
        return PodsScreen(tab, LogRequest(options.selector or "", options.pod or "", options.container or ""))

    def _builds_screen(self, tab: Tab) -> TabScreen:
        from opsterm.screens.builds import BuildsScreen  # noqa: PLC0415

        return BuildsScreen(tab, self.folder)


def _asked_port(options: argparse.Namespace) -> int | None:
    return options.port if options.command == "traces" else None
