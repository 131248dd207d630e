"""Reading `docker buildx build --progress=rawjson`: JSON records on standard error, mixed with plain messages.

Older buildx writes a record over many lines, newer ones a record a line; both begin one with `{` and end it with `}`
at the start or end of a line of its own. Output of the build is base64 inside the records and so cannot imitate one.
The first message of failure ends the records: what it quotes from the Dockerfile is never read as progress.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Any

from opsterm.services.docker.trace import Output, Update, Vertex


class Reader:
    """Takes the bytes as they come and gives the records that are complete."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        """Lines that are no record: warnings and the reason of a failure."""
        self.malformed = 0
        self._rest = b""
        self._record: list[bytes] = []
        self._failed = False

    def feed(self, data: bytes) -> list[Update]:
        """The records that `data` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n") if b"\n" in data else (self._rest + data,)
        return [update for line in lines if (update := self._line(line)) is not None]

    def end(self) -> list[Update]:
        """What is left after the last byte."""
        update = self._line(self._rest) if self._rest else None
        self._rest = b""
        if self._record:
            self.malformed += 1
        return [update] if update else []

    def _line(self, line: bytes) -> Update | None:
        if self._failed or (not self._record and not line.startswith(b"{")):
            self._message(line)
            return None
        self._record.append(line)
        if not (line.startswith((b"{", b"}")) and line.rstrip().endswith(b"}")):
            return None
        record, self._record = b"\n".join(self._record), []
        try:
            return _update(json.loads(record))
        except (ValueError, TypeError, KeyError, AttributeError):
            self.malformed += 1
            return None

    def _message(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        if text:
            self.messages.append(text)
            self._failed = self._failed or text.startswith("ERROR:")


def _update(record: dict[str, Any]) -> Update:
    return Update(
        tuple(
            Vertex(
                one["digest"],
                one.get("name", ""),
                _time(one.get("started")),
                _time(one.get("completed")),
                one.get("cached", False),
                one.get("error", ""),
            )
            for one in record.get("vertexes") or ()
        ),
        tuple(
            Output(one["vertex"], one.get("stream", 1), _data(one.get("data") or ""))
            for one in record.get("logs") or ()
        ),
    )


def _data(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _time(text: str | None) -> float | None:
    """Seconds since the epoch of an RFC 3339 time."""
    return None if text is None else datetime.fromisoformat(text).timestamp()
