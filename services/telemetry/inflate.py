"""Bodies that come compressed, taken apart in pieces, so that a small one that grows huge can be left in time."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from opsterm.services.telemetry.errors import TelemetryError

PIECE = 256 * 1024
"""Bytes that come out at once, at most."""


class UnknownEncodingError(TelemetryError):
    """A compression that is not known here."""


class BadCompressionError(TelemetryError):
    """Bytes that are not compressed as they are said to be, or that end too early."""


class Inflater(Protocol):
    """Takes compressed bytes in and gives what they were; both raise BadCompressionError."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds, in pieces of at most `PIECE` bytes."""

    def end(self) -> None:
        """Nothing comes any more."""


def inflater(encoding: str) -> Inflater:
    """For a body with this Content-Encoding; raises UnknownEncodingError."""
    made = _MADE.get(encoding.strip().lower())
    if made is None:
        raise UnknownEncodingError("A body in an unknown encoding.", "Known are gzip, deflate and br.")
    return made()


class _Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def end(self) -> None:
        pass


class _Gzip:
    _wbits = 16 + zlib.MAX_WBITS

    def __init__(self) -> None:
        self._work = zlib.decompressobj(self._wbits)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = self._work.decompress(data, PIECE)
            except zlib.error:
                raise BadCompressionError("A body that is not compressed as it says.") from None
            if piece:
                yield piece
            data = self._work.unconsumed_tail
            if self._work.unused_data:
                raise BadCompressionError("A body that goes on after its end.")
            if not data and len(piece) < PIECE:
                return

    def end(self) -> None:
        if not self._work.eof:
            raise BadCompressionError("A body that ends too early.")


class _Deflate(_Gzip):
    """With the header of zlib, as the standard has it, or without, as some send it."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if data and not self._begun:
            self._begun = True
            bare = data[0] & 0x0F != zlib.DEFLATED
            self._work = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS)
        return super().feed(data)


class _Brotli:
    def __init__(self) -> None:
        try:
            import brotli  # noqa: PLC0415  an extra
        except ImportError:
            raise UnknownEncodingError(
                "A body in the encoding br, which needs Brotli.", "Install opsterm[traces], or send gzip."
            ) from None
        self._work = brotli.Decompressor()
        self._error: type[Exception] = brotli.error

    def feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = self._work.process(data, output_buffer_limit=PIECE)
            except self._error:
                raise BadCompressionError("A body that is not compressed as it says.") from None
            if piece:
                yield piece
            data = b""  # what it holds back comes out with the next call
            if self._work.is_finished() or (not piece and self._work.can_accept_more_data()):
                return

    def end(self) -> None:
        if not self._work.is_finished():
            raise BadCompressionError("A body that ends too early.")


_MADE: dict[str, Callable[[], Inflater]] = {
    "": _Plain,
    "identity": _Plain,
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
}
