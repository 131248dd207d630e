"""Who has a device file open or locked, as Linux tells it under /proc; nothing where there is no /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from opsterm.services.processes import PROC, name_of, open_files


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a device open, maybe this one. `locked`: it also holds the advisory lock (flock) on it."""

    name: str
    pid: int
    locked: bool

    def __str__(self) -> str:
        if self.pid == os.getpid():
            return "open here"
        return f"{'locked by' if self.locked else 'open in'} {self.name} (pid {self.pid})"


def find_holders(devices: Iterable[str]) -> dict[str, Holder]:
    """For each of `devices` that a process has open: which; the one with the lock where there are several.

    Walks /proc once, which takes some 20 ms: call it in a thread. Processes of other users are seen only by root.
    """
    wanted: dict[str, list[str]] = {}
    inodes: dict[str, str] = {}
    for device in devices:
        try:
            about = os.stat(device)
        except OSError:
            continue
        wanted.setdefault(os.path.realpath(device), []).append(device)
        inodes[f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"] = os.path.realpath(device)
    if not wanted:
        return {}
    found = {**_openers(wanted), **_lockers(inodes)}
    return {device: holder for real, holder in found.items() for device in wanted[real]}


def _lockers(inodes: dict[str, str]) -> dict[str, Holder]:
    """Locked files among `inodes` (`major:minor:inode` to path); the form of /proc/locks is in proc_locks(5)."""
    found = {}
    try:
        table = (PROC / "locks").read_text()
    except OSError:
        return {}
    for row in table.splitlines():
        words = row.split()
        if len(words) < 6 or words[1] not in ("FLOCK", "POSIX", "OFDLCK") or words[5] not in inodes:
            continue
        pid = int(words[4])
        if pid > 0:  # else it is in another container
            found[inodes[words[5]]] = Holder(name_of(pid), pid, locked=True)
    return found


def _openers(paths: dict[str, list[str]]) -> dict[str, Holder]:
    return {file: Holder(name_of(pid), pid, locked=False) for pid, file in open_files() if file in paths}
