"""Where a line ends: one small class for each way in which devices say so."""

from __future__ import annotations

from typing import Protocol

Piece = tuple[bytes, bool]
"""Bytes without an ending, and whether the line ends behind them."""


class Splitter(Protocol):
    """Cuts chunks into pieces. However the same bytes are chunked, the lines are the same."""

    def split(self, chunk: bytes, pending: int) -> list[Piece]:
        """The pieces of `chunk`, which is not empty, behind `pending` bytes of an unfinished line."""

    def rest(self) -> bytes:
        """Bytes that were kept back because they may begin an ending; taken out."""


class AnyEnding:
    """LF, CRLF and a lone CR, in any mixture. A CR ends its line at once; an LF right behind it belongs to it."""

    def __init__(self) -> None:
        self._after_cr = False

    def split(self, chunk: bytes, pending: int) -> list[Piece]:  # noqa: ARG002
        """See `Splitter`."""
        if self._after_cr and chunk[0] == 10:
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        pieces = [(line, True) for line in chunk.splitlines()]
        if pieces and not chunk.endswith((b"\r", b"\n")):
            pieces[-1] = (pieces[-1][0], False)
        return pieces

    def rest(self) -> bytes:
        """Nothing."""
        return b""


class OneEnding:
    """These bytes, one or two, and no others."""

    def __init__(self, ending: bytes) -> None:
        self._ending = ending
        self._kept = b""

    def split(self, chunk: bytes, pending: int) -> list[Piece]:  # noqa: ARG002
        """See `Splitter`."""
        if self._kept:
            chunk, self._kept = self._kept + chunk, b""
        *lines, last = chunk.split(self._ending)
        if len(self._ending) > 1 and last.endswith(self._ending[:1]):
            last, self._kept = last[:-1], last[-1:]
        return [*((line, True) for line in lines), (last, False)]

    def rest(self) -> bytes:
        """The first of two bytes, if it was the last."""
        rest, self._kept = self._kept, b""
        return rest


class Length:
    """Every so many bytes."""

    def __init__(self, length: int) -> None:
        self._length = length

    def split(self, chunk: bytes, pending: int) -> list[Piece]:
        """See `Splitter`."""
        ends = range(self._length - pending, len(chunk) + 1, self._length)
        pieces = [(chunk[max(0, end - self._length) : end], True) for end in ends]
        return [*pieces, (chunk[ends[-1] if ends else 0 :], False)]

    def rest(self) -> bytes:
        """Nothing."""
        return b""


class NoEnding:
    """Nowhere: something else than a byte ends the line."""

    def split(self, chunk: bytes, pending: int) -> list[Piece]:  # noqa: ARG002
        """See `Splitter`."""
        return [(chunk, False)]

    def rest(self) -> bytes:
        """Nothing."""
        return b""
