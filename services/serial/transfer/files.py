"""The files of a transfer: opened for reading only where they are files, and never written over another."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from opsterm.services.serial.errors import SerialError


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
