"""How a port is opened: what was asked for, else what it had last time, else the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.settings import Ending, Settings, parse_baud

Remembered = Mapping[str, Mapping[str, Any]]
"""Of each port, by its path, what `kept` gives."""
KEPT = tuple(each.name for each in fields(Settings) if each.name != "port")
"""What is remembered of a port."""


def written(settings: Settings, key: str) -> str:
    """One of the `settings` as text, as `changed` takes it."""
    value = getattr(settings, key)
    if isinstance(value, Ending):
        return value.label
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def kept(settings: Settings) -> dict[str, str]:
    """What is to be remembered of a port, as text by key."""
    return {key: written(settings, key) for key in KEPT}


def changed(settings: Settings, key: str, value: str) -> Settings:
    """`settings` with one of them changed, given as text. Raises BadSettingError."""
    match key:
        case "baud":
            return replace(settings, baud=parse_baud(value))
        case "data_bits":
            return replace(settings, data_bits=int(value) if value.isdecimal() else value)  # type: ignore[arg-type]
        case "stop_bits":
            known = {"1": 1, "1.5": 1.5, "2": 2}
            return replace(settings, stop_bits=known.get(value, value))  # type: ignore[arg-type]
        case "dtr" | "rts" | "hang_up":
            if value not in ("on", "off"):
                raise BadSettingError(f"Invalid value '{value}' for {key.upper().replace('_', ' ')}: on or off.")
            return replace(settings, **{key: value == "on"})  # type: ignore[arg-type]  # mypy sees any field
        case "ending":
            try:
                return replace(settings, ending=Ending[value.upper()])
            except KeyError:
                raise BadSettingError(f"Invalid line ending '{value}': crlf, lf, cr or none.") from None
    return replace(settings, **{key: value})  # type: ignore[arg-type]  # the others are text


def settings_for(
    port: str, remembered: Remembered, defaults: Mapping[str, str], given: Mapping[str, str]
) -> Settings:
    """The settings for `port`. `given` beats what is `remembered` of it, and that the `defaults`; all are text.

    Raises BadSettingError, but not for what is remembered: a spoilt memory is no reason not to open a port.
    """
    settings = Settings(port)
    for key, value in defaults.items():
        settings = changed(settings, key, value)
    known = remembered.get(port) if isinstance(remembered, Mapping) else None
    for key in KEPT:
        last = known.get(key) if isinstance(known, Mapping) else None
        if last is not None:
            with suppress(BadSettingError):
                settings = changed(settings, key, str(last))
    for key, value in given.items():
        settings = changed(settings, key, value)
    return settings
