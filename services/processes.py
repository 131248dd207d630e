"""The processes of this machine, as Linux tells of them under /proc; none where there is no /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def open_files() -> Iterator[tuple[int, str]]:
    """Each file that a process has open: the process, and what it is by its link (`/dev/ttyS0`, `socket:[4711]`).

    Takes some 20 ms: call it in a thread. Processes of other users are seen only by root.
    """
    for process in _numbered(PROC):
        fds = PROC / process / "fd"
        for fd in _numbered(fds):
            try:
                yield int(process), os.readlink(fds / fd)
            except OSError:
                continue


def name_of(pid: int) -> str:
    """The name of a process; `?` where it is gone."""
    try:
        return (PROC / str(pid) / "comm").read_text().strip() or "?"
    except OSError:
        return "?"


def _numbered(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.isdigit()]
    except OSError:
        return []
