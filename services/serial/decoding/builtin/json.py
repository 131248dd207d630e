"""Lines that are JSON objects, as `key=value` pairs in the order of their keys."""

from __future__ import annotations

import json
import re
from typing import Any

from opsterm.services.lines import Level, Line

_LEVEL_KEYS = ("level", "lvl", "severity", "levelname", "loglevel", "log_level")
_LEVELS = {
    "t": Level.DEBUG,
    "d": Level.DEBUG,
    "v": Level.DEBUG,
    "i": Level.INFO,
    "n": Level.INFO,
    "w": Level.WARN,
    "e": Level.ERROR,
    "c": Level.ERROR,
    "f": Level.ERROR,
    "p": Level.ERROR,
    "a": Level.ERROR,
}
"""By the first letter: trace, debug, verbose, info, notice, warn, error, critical, fatal, panic, alert."""
_NUMBERS = ((50, Level.ERROR), (40, Level.WARN), (30, Level.INFO), (10, Level.DEBUG))
_SYSLOG = (Level.ERROR,) * 4 + (Level.WARN, Level.INFO, Level.INFO, Level.DEBUG)
_BARE = re.compile(r'[^ "=[{][^ "=]*')
_read = json.JSONDecoder().decode
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def decode(line: Line) -> Line:
    """`level=warn msg="low battery" cells=[3.9,3.1]`; a line that is no JSON object stays as it is."""
    if not line.text.lstrip().startswith("{"):
        return line
    try:
        found = _read(line.text)
        line.text = " ".join([f"{_bare(key)}={_value(value)}" for key, value in found.items()]) or "{}"
    except (ValueError, RecursionError):
        return line
    for key in _LEVEL_KEYS:
        if key in found:
            line.level = _level(found[key])
            break
    return line


def _value(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return _bare(value)
    if kind is int or kind is float:
        return repr(value)
    return _write(value)


def _bare(text: str) -> str:
    """`text` in quotes only where it would else be taken for something else."""
    if text.isalnum() or (text.isprintable() and _BARE.fullmatch(text)):
        return text
    return _write(text)


def _level(value: Any) -> Level:
    """Of a word, of a number as bunyan and pino have it (10 to 60), or of one as syslog has it (0 to 7)."""
    if isinstance(value, str):
        return _LEVELS.get(value[:1].lower(), Level.NONE)
    if type(value) is not int or value < 0:
        return Level.NONE
    if value < len(_SYSLOG):
        return _SYSLOG[value]
    return next((level for least, level in _NUMBERS if value >= least), Level.NONE)
