"""Lock files of the old kind, `/var/lock/LCK..ttyUSB0`: the only locks that minicom and others know."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from pathlib import Path

from opsterm.services.serial.errors import BusyError

_LOCKS = Path("/var/lock")
_DEV = "/dev"
_held: dict[str, Path] = {}
"""Our lock files by the name under which the device was locked: a link is gone when its device is."""


def lock(device: str) -> None:
    """Write the lock file of `device`, in the form of the Filesystem Hierarchy Standard.

    One whose owner is gone is replaced; where the folder is not for us to write, there is none. A device outside
    /dev has no lock file. Raises BusyError when another process, or this one, holds it.
    """
    path = _path(device)
    if path is None:
        return
    for _ in range(2):
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            pid = _owner(path)
            if pid and _lives(pid):
                holder = "open here" if pid == os.getpid() else f"locked by {_name(pid)} (pid {pid})"
                raise BusyError(f"Port busy: {device} is {holder}.", "Close it there.") from None
            with suppress(OSError):
                path.unlink()
        except OSError:
            return
        else:
            os.write(fd, f"{os.getpid():>10}\n".encode())
            os.close(fd)
            _held[device] = path
            return


def unlock(device: str) -> None:
    """Take our lock file of `device` away, if there is one."""
    path = _held.pop(device, None)
    if path is not None and _owner(path) == os.getpid():
        with suppress(OSError):
            path.unlink()


def _path(device: str) -> Path | None:
    folder, name = os.path.split(os.path.realpath(device))
    return _LOCKS / f"LCK..{name}" if folder == _DEV else None


def _owner(path: Path) -> int:
    """The process that a lock file names: as text, or as four bytes in very old ones; 0 where it names none."""
    try:
        content = path.read_bytes()
    except OSError:
        return 0
    with suppress(ValueError):
        return int(content.split()[0]) if content.split() else 0
    return int(struct.unpack("i", content)[0]) if len(content) == 4 else 0


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() or "?"
    except OSError:
        return "another program"
