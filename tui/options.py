"""Command line and configuration in the words of the services."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from opsterm.tui.config import Config


def serial_defaults(config: Config) -> Mapping[str, str]:
    """The configured settings of any port, as text."""
    return {"baud": str(config.serial.baud), "ending": config.serial.ending, "encoding": config.serial.encoding}


def serial_given(options: argparse.Namespace) -> Mapping[str, str]:
    """The settings that the command line names, as text."""
    names = ("baud", "ending", "encoding", "framing", "data_bits", "parity", "stop_bits", "flow", "dtr", "rts")
    given = {name: str(value) for name in names if (value := getattr(options, name)) is not None}
    return {"dtr": "off", "rts": "off", "hang_up": "off", **given} if options.no_reset else given
