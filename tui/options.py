"""Command line and configuration in the words of the services."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from opsterm.tui.config import Config, SerialConfig, TracesConfig

if TYPE_CHECKING:
    from opsterm.screens.opening import Preferences
    from opsterm.screens.trace_alerts import TraceOptions


def serial_defaults(config: Config) -> Mapping[str, str]:
    """The configured settings of any port, as text."""
    return _settings(config.serial)


def _settings(config: SerialConfig) -> Mapping[str, str]:
    return {"baud": str(config.baud), "ending": config.ending, "encoding": config.encoding}


def serial_preferences(config: SerialConfig) -> Preferences:
    """What the user prefers for every port."""
    from opsterm.screens.opening import Preferences  # noqa: PLC0415  with the Serial tab
    from opsterm.services.serial.capture_file import Rotation  # noqa: PLC0415

    rotation = Rotation.parse(config.rotate) if config.rotate else Rotation()
    return Preferences(_settings(config), config.macros, config.capture, rotation)


def trace_options(config: TracesConfig | None, *, asked: bool) -> TraceOptions:
    """How the Traces tab is set; it listens from the start where that was `asked` for."""
    from opsterm.screens.trace_alerts import TraceOptions  # noqa: PLC0415  with the Traces tab
    from opsterm.services.telemetry.analysis.rules import parse_rule  # noqa: PLC0415

    if config is None:
        return TraceOptions(listens=asked)
    rules = tuple(parse_rule(text) for text in config.alerts)
    return TraceOptions(asked or config.listen, rules, config.bell, config.command)


def serial_given(options: argparse.Namespace) -> Mapping[str, str]:
    """The settings that the command line names, as text."""
    names = ("baud", "ending", "encoding", "framing", "data_bits", "parity", "stop_bits", "flow", "dtr", "rts")
    given = {name: str(value) for name in names if (value := getattr(options, name)) is not None}
    return {"dtr": "off", "rts": "off", "hang_up": "off", **given} if options.no_reset else given
