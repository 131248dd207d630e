"""The code of decoders: which there are, and what is written in them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from opsterm.services.serial.errors import SerialError

MAX_BYTES = 1024 * 1024
"""A file that is longer is no decoder."""
_NAME = re.compile(r"[^\W_][\w-]*")
_BUILT_IN = Path(__file__).parent / "builtin"


class DecoderError(SerialError):
    """A decoder that cannot be used; the reason is one line, and names the file and the line in it."""


@dataclass(frozen=True, slots=True)
class Code:
    """One version of a decoder. `label` is what errors call it, such as `decoders/bus.py`."""

    name: str
    label: str
    source: bytes


def names(folder: Path) -> list[str]:
    """Of all decoders, in the order of the alphabet: those built in, and the files in `folder`."""
    return sorted({*_names(_BUILT_IN), *_names(folder)})


def check(name: str) -> None:
    """Raise DecoderError where no decoder can be called `name`."""
    if not _NAME.fullmatch(name):
        raise DecoderError(f"'{name}' is no name of a decoder")


def load(name: str, folder: Path) -> Code:
    """The decoder `name` as it is now, from `folder` before one built in. Raises DecoderError."""
    check(name)
    path = folder / f"{name}.py"
    label = f"{folder.name}/{path.name}"
    try:
        return Code(name, label, _read(path))
    except (FileNotFoundError, NotADirectoryError):
        built_in = _BUILT_IN / f"{name}.py"
        if name not in _names(_BUILT_IN):
            raise DecoderError(f"{label}: no such file") from None
        return Code(name, name, built_in.read_bytes())
    except (OSError, ValueError) as error:
        raise DecoderError(f"{label}: {getattr(error, 'strerror', None) or error}") from None


def _read(path: Path) -> bytes:
    # A FIFO under that name must not hold us up, nor a device go on for ever.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        source = file.read(MAX_BYTES + 1)
    if len(source) > MAX_BYTES:
        raise ValueError("longer than a decoder may be")
    return source


def _names(folder: Path) -> list[str]:
    try:
        entries = os.listdir(folder)
    except OSError:
        return []
    found = [entry.removesuffix(".py") for entry in entries if entry.endswith(".py")]
    return [name for name in found if _NAME.fullmatch(name)]
