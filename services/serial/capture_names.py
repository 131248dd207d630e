"""Where what passes on a port is kept when that is always done."""

from __future__ import annotations

import os
import re
from pathlib import Path

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_PORT = "{port}"


def beside(path: str) -> str:
    """The file for a second port, where that of the first is `path`: `talk.txt` and `talk.B.txt`."""
    root, suffix = os.path.splitext(path)
    return f"{root}.B{suffix}"


def capture_path(pattern: str, port: str) -> str:
    """The file for `port`: `pattern` with the port's name for `{port}`, or a file of that name in a folder.

    `~/serial` and `/dev/ttyUSB0` give `~/serial/ttyUSB0.txt`, whole. The folder is made where it is not there.
    Raises OSError where it cannot be.
    """
    name = _UNFIT.sub("-", port.removeprefix("/dev/")).strip("-.") or "port"
    path = Path(os.path.expanduser(pattern))
    if _PORT in pattern:
        path = Path(str(path).replace(_PORT, name))
    elif path.suffix not in (".txt", ".jsonl", ".bin"):
        path = path / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    return str(path)
