"""Compressed bodies: the same in whatever pieces they come, never more at once than allowed, and noise is refused."""

from __future__ import annotations

import contextlib
import gzip
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsterm.services.telemetry.inflate import PIECE, BadCompressionError, UnknownEncodingError, inflater


def bare(data: bytes) -> bytes:
    work = zlib.compressobj(wbits=-15)
    return work.compress(data) + work.flush()


WAYS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("", bytes),
    ("identity", bytes),
    ("gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", bare),
    ("br", brotli.compress),
]


@given(st.sampled_from(WAYS), st.binary(max_size=400), st.integers(1, 3000), st.integers(1, 50))
@settings(deadline=None)
def test_any_pieces_give_the_same(
    way: tuple[str, Callable[[bytes], bytes]], part: bytes, times: int, piece: int
) -> None:
    encoding, pack = way
    data = part * times
    packed = pack(data)
    piece = max(piece, len(packed) // 200)
    work = inflater(encoding)
    out = [one for at in range(0, len(packed), piece) for one in work.feed(packed[at : at + piece])]
    work.end()
    assert b"".join(out) == data


@pytest.mark.parametrize(("encoding", "pack"), WAYS[2:])
def test_what_comes_out_at_once_is_bounded(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(b"\0" * 30_000_000)
    sizes = [len(piece) for piece in inflater(encoding).feed(packed)]
    assert sum(sizes) == 30_000_000
    assert max(sizes) <= 2 * PIECE


@given(st.sampled_from(WAYS[2:]), st.binary(min_size=1, max_size=200), st.integers(1, 20))
@settings(deadline=None)
def test_a_body_that_is_cut_is_refused(way: tuple[str, Callable[[bytes], bytes]], data: bytes, cut: int) -> None:
    encoding, pack = way
    packed = pack(data)
    work = inflater(encoding)
    list(work.feed(packed[: max(0, len(packed) - cut)]))
    with pytest.raises(BadCompressionError):
        work.end()


@given(st.sampled_from(["gzip", "deflate", "br"]), st.lists(st.binary(max_size=40), max_size=5))
def test_noise_raises_only_its_own_error(encoding: str, pieces: list[bytes]) -> None:
    work = inflater(encoding)
    with contextlib.suppress(BadCompressionError):
        for piece in pieces:
            list(work.feed(piece))
        work.end()


@pytest.mark.parametrize("encoding", ["zstd", "gzip, gzip", "\x1b[2J", "compress"])
def test_an_unknown_encoding_is_named_with_those_that_are_known(encoding: str) -> None:
    with pytest.raises(UnknownEncodingError, match="Known are gzip, deflate and br"):
        inflater(encoding)


def test_without_brotli_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    with pytest.raises(UnknownEncodingError, match=r"Install opsterm\[traces\], or send gzip"):
        inflater("br")
