"""Which process listens on a port, as Linux tells it under /proc; nothing where there is no /proc."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
_LISTENS = "0A"
"""The state of a socket that listens, in the form of /proc/net/tcp."""


def port_holder(port: int) -> str:
    """`node (pid 812)`; empty where it cannot be told: no /proc, or a process of another user.

    Walks /proc, which takes some 20 ms: call it in a thread.
    """
    inodes = _listening(port)
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for pid in _numbered(_PROC):
        fds = _PROC / pid / "fd"
        for fd in _numbered(fds):
            try:
                if os.readlink(fds / fd) in wanted:
                    return f"{_name(pid)} (pid {pid})"
            except OSError:
                continue
    return ""


def _listening(port: int) -> set[str]:
    """The inodes of the sockets that listen on `port`; the form of the tables is in proc_net(5)."""
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            words = row.split()
            if len(words) > 9 and words[3] == _LISTENS and words[1].endswith(f":{port:04X}"):
                found.add(words[9])
    return found


def _numbered(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.isdigit()]
    except OSError:
        return []


def _name(pid: str) -> str:
    try:
        return (_PROC / pid / "comm").read_text().strip() or "?"
    except OSError:
        return "?"
