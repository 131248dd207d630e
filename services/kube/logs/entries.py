"""From the bytes of a log stream to entries: time, text, and whether a long line was cut.

The server puts RFC 3339 time with nanoseconds and the node's offset in front of each line
(`2026-11-24T10:44:50.995281007+01:00 text`), because we ask for `timestamps=true`.
"""

from __future__ import annotations

import calendar
import time
from typing import NamedTuple

LINE_LIMIT = 1024 * 1024


class Entry(NamedTuple):
    """One line of a log. `ns` is nanoseconds since the epoch, -1 where the server put no time: then the text is the
    server's own. `cut`: the line is longer than the limit and the next entry goes on with it.
    """

    ns: int
    raw: bytes
    cut: bool = False


class Splitter:
    """Cuts one stream into entries; keeps what has no ending yet."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._rest = b""
        self._continues = -1  # time of the line that was cut, while its end has not come
        self._minute = b""
        self._epoch = 0

    def feed(self, chunk: bytes) -> list[Entry]:
        """The entries that `chunk` completes."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        entries: list[Entry] = []
        for line in lines:
            self._whole(line, entries)
        self._rest = rest
        while len(self._rest) > self._limit:
            piece, self._rest = self._rest[: self._limit], self._rest[self._limit :]
            entries.append(self._piece(piece, cut=True))
        return entries

    def flush(self) -> list[Entry]:
        """What is left without an ending, as an entry; for the end of a log, not of a connection."""
        rest, self._rest = self._rest, b""
        entries: list[Entry] = []
        if rest:
            self._whole(rest, entries)
        return entries

    def _whole(self, line: bytes, entries: list[Entry]) -> None:
        while len(line) > self._limit:
            entries.append(self._piece(line[: self._limit], cut=True))
            line = line[self._limit :]
        entries.append(self._piece(line, cut=False))

    def _piece(self, piece: bytes, *, cut: bool) -> Entry:
        if self._continues >= 0:
            entry = Entry(self._continues, piece, cut)
        else:
            stamp, _, text = piece.partition(b" ")
            ns = self._time(stamp)
            entry = Entry(ns, text, cut) if ns >= 0 else Entry(-1, piece, cut)
        self._continues = entry.ns if cut else -1
        return entry

    def _time(self, stamp: bytes) -> int:
        """Nanoseconds of a time, -1 where it is none. Lines share minutes, so the last minute is kept."""
        minute, second = stamp[:16], stamp[16:19]
        fraction, zone = _fraction(stamp[19:])
        if fraction < 0 or second[:1] != b":" or not (second[1:].isdigit() and second[1:] < b"61"):
            return -1
        if minute + zone != self._minute:
            try:
                parsed = time.strptime(minute.decode("ascii"), "%Y-%m-%dT%H:%M")
                self._epoch = calendar.timegm(parsed) - _offset(zone)
            except ValueError:
                return -1
            self._minute = minute + zone
        return (self._epoch + int(second[1:])) * 1_000_000_000 + fraction


def rfc3339(ns: int) -> str:
    """The second of `ns` as the API takes it for `sinceTime` (it drops fractions anyway)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ns // 1_000_000_000))


def _fraction(rest: bytes) -> tuple[int, bytes]:
    """`.995281007+01:00` as nanoseconds and zone; nanoseconds are -1 where it is none of that."""
    digits = b""
    if rest[:1] == b".":
        zone = rest.lstrip(b".0123456789")
        digits = rest[1 : len(rest) - len(zone)]
        rest = zone
    if not (rest == b"Z" or (len(rest) == 6 and rest[:1] in b"+-" and rest[3:4] == b":")):
        return -1, b""
    if not digits:
        return 0, rest
    return (int(digits[:9].ljust(9, b"0")) if digits.isdigit() else -1), rest


def _offset(zone: bytes) -> int:
    if zone == b"Z":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return -seconds if zone[:1] == b"-" else seconds
