"""Being woken when a path appears, disappears or changes its owner; by inotify on Linux, else by looking often."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from types import TracebackType

_POLL_SECONDS = 1.0
# From <sys/inotify.h>: ATTRIB, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF.
_CHANGES = 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
_CLOSE_WRITE = 0x8
_MAX_LINKS = 8


class Watch:
    """Tells that something happened where `paths` are or would be. Lives on the running loop; a context manager.

    For each path it looks at the folder that holds it, at the folders that a link leads to, and, where a folder is
    missing, at the nearest one above. A path itself need not exist. With `written` it also tells that a file there
    was closed by one who could write to it; of a port that would be told whenever we close it ourselves.
    """

    def __init__(self, *paths: str, written: bool = False) -> None:
        self._mask = _CHANGES | (_CLOSE_WRITE if written else 0)
        self._paths = paths
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC) if self._libc else -1
        self._complete = False
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._read)
        self._arm()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def clear(self) -> None:
        """Forget what happened until now. Call it before looking, so that nothing is missed after."""
        self._changed.clear()

    def wake(self) -> None:
        """End the wait as if something had changed."""
        self._changed.set()

    async def wait(self, seconds: float | None = None) -> None:
        """Return on a change since the last `clear`, and after `seconds` at the latest.

        Where nothing can tell of changes it returns after a second, for the caller to look again.
        """
        if not self._complete:
            seconds = _POLL_SECONDS if seconds is None else min(seconds, _POLL_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            if not self._complete:
                self._arm()

    def close(self) -> None:
        """End the watch; may be called again."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _read(self) -> None:
        try:
            while os.read(self._fd, 65536):
                pass
        except BlockingIOError:
            pass
        self._arm()  # a folder may have come, gone or been replaced
        self._changed.set()

    def _arm(self) -> None:
        self._complete = self._fd >= 0
        for folder in {folder for path in self._paths for folder in _folders(path)}:
            self._complete = self._add(folder) and self._complete

    def _add(self, folder: str) -> bool:
        return (
            self._libc is not None
            and int(self._libc.inotify_add_watch(self._fd, os.fsencode(folder), self._mask)) >= 0
        )


def _folders(path: str) -> list[str]:
    """The folders in which a change can make `path` another file."""
    found = []
    for _ in range(_MAX_LINKS):
        path = os.path.abspath(path)
        folder = os.path.dirname(path)
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        found.append(folder)
        try:
            target = os.readlink(path)
        except OSError:
            break
        path = os.path.join(os.path.dirname(path), target)
    return found
