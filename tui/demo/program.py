"""Stand-ins for everything: what `opsterm demo` opens instead of a port, a cluster and an engine."""

from __future__ import annotations

import argparse
from types import TracebackType
from typing import Self

from opsterm.screens.opening import Opening
from opsterm.services.serial.macros_config import parse_macros
from opsterm.services.serial.settings import Settings
from opsterm.services.service import Service
from opsterm.tui.config import SerialConfig, TracesConfig
from opsterm.tui.demo.phone import Phone
from opsterm.tui.tabs import Parts

_MACROS = {
    "Version": {"key": "F7", "send": "AT+GMR"},
    "Log in": {"key": "F8", "send": ["login ${wait /login:/ 5s}", "root ${wait /password:/ 5s}", "secret"]},
    "Poll": {"key": "F9", "send": "temp", "every_ms": 1000},
}


class Demo:
    """A context manager: the phone lives as long as it does; cluster and builds begin with their tabs."""

    def __init__(self) -> None:
        self._phone = Phone()

    def __enter__(self) -> Self:
        self._port = self._phone.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._phone.stop()

    def parts(self, options: argparse.Namespace) -> Parts:
        """The tabs, made of stand-ins."""
        return Parts(
            options,
            Opening(Settings(self._port, 9600)),
            SerialConfig(macros=parse_macros(_MACROS)),
            folder=None,
            trace_config=TracesConfig(listen=True, alerts=["new error"]),
            pods=_pods,
            builds=_builds,
            traces=_traces,
        )


def _traces() -> Service:
    from opsterm.tui.demo.traces import DemoTraces  # noqa: PLC0415  with the tab

    return DemoTraces()


def _pods() -> Service:
    from opsterm.tui.demo.shop import DemoPods  # noqa: PLC0415  with the tab

    return DemoPods()


def _builds() -> Service:
    from opsterm.tui.demo.builds import RecordedBuilds  # noqa: PLC0415  with the tab

    return RecordedBuilds()
