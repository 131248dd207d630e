"""Log lines of ESP-IDF in words: `W (12345) wifi: no ip` is shown as `12.345 s wifi: no ip`, as a warning.

Copy it into the folder `decoders` beside opsterm's `config.toml`, choose it in the Serial tab, edit it and save.
"""

import re
from dataclasses import replace

from opsterm.services.lines import Level, Line

LEVELS = {"E": Level.ERROR, "W": Level.WARN, "I": Level.INFO, "D": Level.DEBUG, "V": Level.DEBUG}
LOG = re.compile(r"([EWIDV]) \((\d+)\) (.*)")


def decode(line: Line) -> Line | list[Line] | None:
    """Called with each received line; returns what to show: a line, several, or None to hide it."""
    found = LOG.match(line.text)
    if found is None:
        return line
    level, ms, words = found.groups()
    return replace(line, text=f"{int(ms) / 1000:.3f} s {words}", level=LEVELS[level])
