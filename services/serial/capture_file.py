"""The file of a capture: appended to, begun anew when it is full, and found again when somebody moved it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from opsterm.services.serial.errors import BadSettingError

_UNITS = {"k": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a file is put aside for a new one: at `max_bytes`, or with the day (local time). Never by default."""

    max_bytes: int | None = None
    daily: bool = False

    @classmethod
    def parse(cls, text: str) -> Rotation:
        """`day`, or a size such as `500k`, `10M`, `1G` or a number of bytes. Raises BadSettingError."""
        if text == "day":
            return cls(daily=True)
        digits, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
        if not (digits.isascii() and digits.isdigit() and len(digits) < 16 and int(digits)):
            raise BadSettingError(f"Invalid rotation '{text}': day, or a size such as 10M.")
        return cls(max_bytes=int(digits) * unit)


class CaptureFile:
    """Appends to `path`. Methods block, but for `is_full`, and raise OSError.

    What is put aside keeps its name with the day or the next free number in it: `boot.2026-11-24.txt`, `boot.1.txt`.
    """

    def __init__(self, path: str, rotation: Rotation) -> None:
        self.path = path
        self._rotation = rotation
        self._fd = -1
        self.size = 0
        """Bytes that the open file holds."""
        self._day = date.min
        self._day_ends_ns = 0

    def open(self) -> bool:
        """Be ready to append; whether that took opening, because it was not open or is no longer under its name."""
        if self._fd >= 0 and self._is_in_place():
            return False
        self.close()
        self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        about = os.fstat(self._fd)
        self.size = about.st_size
        self._set_day(about.st_mtime if self.size else None)
        return True

    @property
    def ends_within_a_line(self) -> bool:
        """Whether the last byte of the open file is there and no newline: of a program that was killed."""
        return self.size > 0 and os.pread(self._fd, 1, self.size - 1) != b"\n"

    def is_full(self, more: int, now_ns: int) -> bool:
        """Whether, with `more` bytes that wait to be written, it is time at `now_ns` for a new file."""
        size = self.size + more
        if not size:
            return False
        if self._rotation.daily and now_ns >= self._day_ends_ns:
            return True
        return self._rotation.max_bytes is not None and size >= self._rotation.max_bytes

    def append(self, data: bytes | bytearray) -> None:
        """Write `data`; after an error `size` tells how much of it was taken."""
        with memoryview(data) as whole:
            done = 0
            while done < len(whole):
                taken = os.write(self._fd, whole[done:])
                done += taken
                self.size += taken

    def rotate(self) -> None:
        """Put the file aside and begin a new one."""
        os.rename(self.path, self._aside())
        self.close()
        self.open()

    def close(self) -> None:
        """End it; `open` begins again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._fd))
        except OSError:
            return False

    def _set_day(self, seconds: float | None) -> None:
        self._day = date.today() if seconds is None else date.fromtimestamp(seconds)
        midnight = datetime.combine(self._day + timedelta(days=1), datetime.min.time())
        self._day_ends_ns = int(midnight.timestamp()) * 1_000_000_000

    def _aside(self) -> str:
        stem, ending = os.path.splitext(self.path)
        number = 1
        if self._rotation.daily:
            stem = f"{stem}.{self._day}"
            if not os.path.lexists(stem + ending):
                return stem + ending
        while os.path.lexists(name := f"{stem}.{number}{ending}"):
            number += 1
        return name
