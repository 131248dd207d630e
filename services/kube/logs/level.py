"""The severity of a log line, from what most programs write."""

from __future__ import annotations

import re

from opsterm.services.lines import Level

_LOOK = 256  # characters; what comes later is message, not level
_WORD = re.compile(
    r"\b(?P<word>ERROR|ERR|FATAL|CRITICAL|PANIC|WARNING|WARN|INFO|NOTICE|DEBUG|TRACE)\b"
    r'|(?:\b(?:level|lvl|severity|levelname)"?\s?[=:]\s?"?)(?P<field>[A-Za-z]+)'
    r"|^(?P<klog>[EFWID])\d{4} \d\d:\d\d:\d\d"
)
_LEVELS = {
    "e": Level.ERROR,
    "f": Level.ERROR,
    "p": Level.ERROR,
    "c": Level.ERROR,
    "w": Level.WARN,
    "i": Level.INFO,
    "n": Level.INFO,
    "d": Level.DEBUG,
    "t": Level.DEBUG,
}


def level_of(text: str) -> Level:
    """The first level named in `text`: an upper-case word, a `level` field of JSON or logfmt, or klog's letter."""
    found = _WORD.search(text, 0, _LOOK)
    if found is None:
        return Level.NONE
    return _LEVELS.get((found["word"] or found["field"] or found["klog"])[0].lower(), Level.NONE)
