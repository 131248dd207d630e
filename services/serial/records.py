"""Lines as a capture file holds them: as the screen shows them, or as JSON, one object a line."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from opsterm.services.lines import Direction, Flag, Level, Line

_DIRECTIONS = {"rx": Direction.RX, "tx": Direction.TX, "note": Direction.NOTE}
_NAMES = {direction: name for name, direction in _DIRECTIONS.items()}
_PLAIN = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}) (Rx <==|Tx ==>|Tx =X=|---) (.*)", re.DOTALL)


class NotARecordError(ValueError):
    """Bytes that no capture writes as a line; the message says why."""


class Record(msgspec.Struct, omit_defaults=True):
    """A line in a JSON lines file, its keys in this order.

    `time` is for readers, `ns` (nanoseconds since the epoch) exact; `last_ns` is left out where it is the same.
    `raw` is base64, and left out where `text` in UTF-8 is the same bytes. With `replaces` the record stands in the
    place of the one before it: a prompt that has grown.
    """

    time: str
    ns: int
    dir: str
    text: str
    source: str = ""
    raw: bytes | None = None
    last_ns: int | None = None
    level: int = 0
    flags: list[str] = []
    replaces: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


def to_json(line: Line, replaces: bool = False) -> bytes:
    """`line` as a record, without the newline."""
    seconds, rest = divmod(line.first_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return _encode(
        Record(
            time=moment.isoformat(timespec="microseconds"),
            ns=line.first_ns,
            dir=_NAMES[line.direction],
            text=line.text,
            source=line.source,
            raw=None if line.text.encode() == line.raw else line.raw,
            last_ns=None if line.last_ns == line.first_ns else line.last_ns,
            level=int(line.level),
            flags=[flag.name.lower() for flag in line.flags if flag.name],
            replaces=replaces,
        )
    )


def from_json(data: bytes) -> tuple[Line, bool]:
    """The line of a record, and whether it replaces the one before it. Raises NotARecordError."""
    try:
        record = _decode(data)
        flags = Flag.NONE
        for name in record.flags:
            flags |= Flag[name.upper()]
        line = Line(
            record.text.encode() if record.raw is None else record.raw,
            record.text,
            record.ns,
            record.ns if record.last_ns is None else record.last_ns,
            record.source,
            _DIRECTIONS[record.dir],
            Level(record.level),
            flags,
        )
    except (msgspec.MsgspecError, KeyError, ValueError) as error:
        raise NotARecordError(str(error)) from None
    return line, record.replaces


def from_plain(data: bytes) -> Line:
    """The line of a row as `str(line)` gives it, its time in local time. Raises NotARecordError.

    The `…` of a line without an ending stays a part of the text: a device may have sent it.
    """
    try:
        found = _PLAIN.fullmatch(data.decode())
        if found is None:
            raise NotARecordError("neither time nor direction in front")
        moment = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S.%f")
        ns = int(moment.replace(microsecond=0).timestamp()) * 1_000_000_000 + moment.microsecond * 1000
    except (ValueError, OverflowError) as error:
        raise NotARecordError(str(error)) from None
    unsent = Flag.UNSENT if found[2] == "Tx =X=" else Flag.NONE
    direction = Direction.TX if unsent else Direction(found[2])
    return Line(found[3].encode(), found[3], ns, ns, direction=direction, flags=unsent)
