"""Which process listens on a port, as Linux tells it under /proc; nothing where there is no /proc."""

from __future__ import annotations

from opsterm.services.processes import PROC, name_of, open_files

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
    return next((f"{name_of(pid)} (pid {pid})" for pid, file in open_files() if file in wanted), "")


def _listening(port: int) -> set[str]:
    """The inodes of the sockets that listen on `port`; the form of the tables is in proc_net(5)."""
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = (PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            words = row.split()
            if len(words) > 9 and words[3] == _LISTENS and words[1].endswith(f":{port:04X}"):
                found.add(words[9])
    return found
