"""What the user has set: a TOML file, every key of which is known."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsterm.services.serial.macros import Macro


class ConfigError(ValueError):
    """The configuration cannot be used; the message is one line that names the file and the key."""


@dataclass(frozen=True, slots=True)
class SerialConfig:
    """Defaults of the Serial tab."""

    baud: int = 115200
    ending: str = "CRLF"
    encoding: str = "utf-8"
    capture: str = ""
    """Where what passes is always kept: a folder, or a file with `{port}` in its name; empty for nowhere."""
    rotate: str = ""
    """When that begins a new file: `day`, or a size such as `10M`."""
    macros: tuple[Macro, ...] = ()
    """Lines with a name, by `services.serial.macros`: a table `[serial.macros]` with a table for each."""


@dataclass(frozen=True, slots=True)
class SentryConfig:
    """Where opsterm reports its own defects to; without a DSN, nowhere. OPSTERM_SENTRY_DSN comes before this one."""

    dsn: str = ""
    traces_sample_rate: float = 0.5
    """What part of the actions is reported, 0 to 1. Errors always are."""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class TracesConfig:
    """The Traces tab."""

    listen: bool = False
    """Listen from the start, and not only when asked."""
    port: int = 8969
    alerts: list[str] = field(default_factory=list)
    """What to be told of, by `services.telemetry.analysis.rules`: `p95 > 500ms for 1m`."""
    bell: bool = False
    """Ring the terminal's bell when an alert begins."""
    command: str = ""
    """Run when an alert begins, with its words as the last argument."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration."""

    theme: str = ""
    """A theme by name; empty follows the last choice, and at first the terminal."""
    read_only: bool = False
    """Refuse everything that changes a cluster."""
    keys: dict[str, str] = field(default_factory=dict)
    """Other keys for actions: the id of a binding, and its keys."""
    serial: SerialConfig = field(default_factory=SerialConfig)
    sentry: SentryConfig = field(default_factory=SentryConfig)
    traces: TracesConfig = field(default_factory=TracesConfig)


def config_dir() -> Path:
    """The folder of `config.toml`; OPSTERM_CONFIG_DIR moves it."""
    if found := os.environ.get("OPSTERM_CONFIG_DIR"):
        return Path(found)
    from platformdirs import user_config_path  # noqa: PLC0415  not needed where the variable is set

    return user_config_path("opsterm", appauthor=False)


def load(folder: Path | None = None) -> Config:
    """Read `config.toml`; without one, everything has its default. Raises ConfigError."""
    path = (folder or config_dir()) / "config.toml"
    try:
        text = path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    import tomllib  # noqa: PLC0415  most have no file, and it is half the cost of this module

    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    config: Config = _fill(Config, raw, path, "")
    return config


def _fill(kind: type[Any], raw: dict[str, Any], path: Path, prefix: str) -> Any:
    known = {each.name: each for each in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in raw.items():
        name = f"{prefix}{key}"
        if key not in known:
            import difflib  # noqa: PLC0415

            near = difflib.get_close_matches(key, known, 1)
            raise ConfigError(
                f"{path}: unknown key {name!r}" + (f", did you mean {prefix + near[0]!r}?" if near else "")
            )
        default = getattr(kind(), key)
        if name == "serial.rotate" and value:
            _check_rotation(value, path)
        if name == "serial.macros":
            values[key] = _macros(value, path)
        elif hasattr(default, "__dataclass_fields__"):
            if not isinstance(value, dict):
                raise ConfigError(f"{path}: {name} is a table, not {value!r}")
            values[key] = _fill(type(default), value, path, f"{name}.")
        elif type(default) is float and type(value) is int:
            values[key] = float(value)
        elif type(value) is not type(default):
            raise ConfigError(f"{path}: {name} takes {_KINDS[type(default)]}, not {value!r}")
        else:
            values[key] = value
    if (keys := values.get("keys")) and kind is Config:
        for name, value in keys.items():
            if not isinstance(value, str):
                raise ConfigError(f"{path}: keys.{name} takes text, not {value!r}")
    if kind is SentryConfig:
        _check_sentry(values, path)
    if kind is TracesConfig:
        _check_traces(values, path)
    return kind(**values)


def _check_sentry(values: dict[str, Any], path: Path) -> None:
    rate = values.get("traces_sample_rate", 0.0)
    if not 0.0 <= rate <= 1.0:
        raise ConfigError(f"{path}: sentry.traces_sample_rate: {rate:g} is not from 0 to 1")
    if dsn := values.get("dsn"):
        from opsterm.services.telemetry.destination import ReportsError, place_of  # noqa: PLC0415  few have one

        try:
            place_of(dsn)
        except ReportsError as error:  # never the DSN itself: it has a key
            raise ConfigError(f"{path}: sentry.dsn: {error.hint.removesuffix('.')}") from None


def _check_traces(values: dict[str, Any], path: Path) -> None:
    if not 0 < values.get("port", 1) < 65536:
        raise ConfigError(f"{path}: traces.port: {values['port']} is no port")
    for text in values.get("alerts", ()):
        from opsterm.services.telemetry.analysis.rules import BadRuleError, parse_rule  # noqa: PLC0415  few have any

        try:
            parse_rule(str(text))
        except BadRuleError as error:
            raise ConfigError(f"{path}: traces.alerts: {str(error).removesuffix('.')}") from None


def _check_rotation(value: Any, path: Path) -> None:
    from opsterm.services.serial.capture_file import Rotation  # noqa: PLC0415  few have any
    from opsterm.services.serial.errors import BadSettingError  # noqa: PLC0415

    try:
        Rotation.parse(str(value))
    except BadSettingError as error:
        raise ConfigError(f"{path}: serial.rotate: {error.reason.removesuffix('.')}") from None


def _macros(value: Any, path: Path) -> tuple[Macro, ...]:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: serial.macros is a table, not {value!r}")
    from opsterm.services.serial.macros import BadMacroError  # noqa: PLC0415  few have any
    from opsterm.services.serial.macros_config import parse_macros  # noqa: PLC0415

    try:
        return parse_macros(value)
    except BadMacroError as error:
        raise ConfigError(f"{path}: serial.macros.{error.reason.removesuffix('.')}") from None


_KINDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}
