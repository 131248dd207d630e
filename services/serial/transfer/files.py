"""The files of a transfer: opened for reading only where they are files, and never written over another."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from io import BufferedReader, BufferedWriter
from pathlib import Path

from opsterm.services.serial.errors import SerialError
from opsterm.services.text import clean

_MAX_NAME = 200
"""Bytes; file systems take 255, and a number may follow."""
_MAX_SUFFIX = 20


def open_regular(path: Path) -> BufferedReader:
    """The file, open for reading; may block. Raises OSError, also for what is no file."""
    # Opening a pipe without O_NONBLOCK could wait for ever.
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "Not a file")
    return file


def unreadable(path: Path, error: OSError) -> SerialError:
    """What to say where `path` cannot be read."""
    return SerialError(f"Cannot read {path}: {error.strerror or error}.", "Check the path.")


class ReceivedFile:
    """A file that is being received: new, under `path`, a safe form of the name that the sender gave it.

    It has at most `size` bytes, what follows is padding; None where the size is not known.
    """

    def __init__(self, folder: Path, name: bytes, size: int | None = None) -> None:
        self.done = 0
        self.size = size
        try:
            self.path, self._file = _create(folder, safe_name(name))
        except OSError as error:
            raise SerialError(f"Cannot write to {folder}: {error.strerror or error}.", "Choose a folder.") from error

    def write(self, data: bytes) -> None:
        """Take the next bytes. Raises SerialError."""
        rest = data if self.size is None else data[: self.size - self.done]
        try:
            self._file.write(rest)
        except OSError as error:
            raise self._unwritable(error) from error
        self.done += len(rest)

    def close(self) -> None:
        """It is complete. Raises SerialError."""
        if self.size is not None and self.done < self.size:
            raise SerialError(f"The sender ended after {self.done} of {self.size} bytes.", "Have it sent again.")
        try:
            self._file.close()
        except OSError as error:
            raise self._unwritable(error) from error

    def discard(self) -> None:
        """Leave nothing of it: a part of a file under its whole name would only be mistaken for it."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.path.unlink()

    def _unwritable(self, error: OSError) -> SerialError:
        return SerialError(f"Cannot write {self.path}: {error.strerror or error}.", "Choose another folder.")


def safe_name(name: bytes) -> str:
    """The last part of `name`, whatever its slashes, without what a file had better not be called by."""
    last = name.replace(b"\\", b"/").rstrip(b"/").rpartition(b"/")[2]
    text = clean(last.decode("utf-8", "replace")).strip().lstrip(".-")
    stem, dot, suffix = text.rpartition(".")
    if not stem:
        stem, dot, suffix = text, "", ""
    suffix = suffix[:_MAX_SUFFIX]
    return _cut(stem, _MAX_NAME - len((dot + suffix).encode())) + dot + suffix or "received"


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore")


def _create(folder: Path, name: str) -> tuple[Path, BufferedWriter]:
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    number = 0
    while True:
        path = folder / (f"{stem}-{number}{dot}{suffix}" if number else name)
        try:
            return path, path.open("xb")
        except FileExistsError:
            number += 1
