"""The parts of a transfer that know no port: block 0, names of received files, the blocking wire."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.transfer.blocks import Receiver, Sender
from opsterm.services.serial.transfer.files import ReceivedFile, safe_name
from opsterm.services.serial.transfer.wire import Wire
from opsterm.services.serial.transfer.ymodem import LAST, Header, header_block, parse_header
from opsterm.services.text import clean

names = st.binary(min_size=1, max_size=1500).filter(lambda name: b"\0" not in name)


@given(names, st.none() | st.integers(0, 10**15))
def test_block_0_is_read_as_it_was_made(name: bytes, size: int | None) -> None:
    block = header_block(Header(name, size))
    assert len(block) in (128, 1024)
    read = parse_header(block)
    assert read is not None
    assert read.size == size
    assert name.endswith(read.name)
    assert len(read.name) >= min(len(name), 1000)


@given(st.binary(max_size=1024))
def test_any_block_0_is_read(block: bytes) -> None:
    header = parse_header(block)
    assert (header is None) is (not block or block[0] == 0)


@pytest.mark.parametrize(
    ("block", "header"),
    [
        (LAST, None),
        (b"a.bin\x00120000 14726543210 100644 0 1 120000\x00", Header(b"a.bin", 120_000)),
        (b"a.bin\x00", Header(b"a.bin")),
        (b"a.bin\x00many", Header(b"a.bin")),
        (b"a.bin\x00" + b"9" * 40, Header(b"a.bin")),
    ],
)
def test_what_senders_say(block: bytes, header: Header | None) -> None:
    assert parse_header(block) == header


@given(st.binary(max_size=600))
def test_a_name_is_safe(name: bytes) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe.encode()) <= 255
    assert Path(safe).name == safe
    assert safe not in (".", "..")
    assert safe[0] not in ".-"
    assert clean(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        (b"firmware v2.bin", "firmware v2.bin"),
        (b"/etc/passwd", "passwd"),
        (b"..\\..\\boot.ini", "boot.ini"),
        (b"../..", "received"),
        (b".profile", "profile"),
        (b"", "received"),
        ("größe.txt".encode(), "größe.txt"),
        (b"x" * 300 + b".hex", "x" * 196 + ".hex"),
    ],
)
def test_names(name: bytes, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_file_is_never_written_over_another(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"mine")
    (tmp_path / "a.tar-1.gz").symlink_to(tmp_path / "elsewhere")
    file = ReceivedFile(tmp_path, b"../a.tar.gz", 5)
    file.write(b"123")
    file.write(b"45\x1a\x1a")
    file.close()
    assert (tmp_path / "a.tar-2.gz").read_bytes() == b"12345"
    assert (tmp_path / "a.tar.gz").read_bytes() == b"mine"
    assert not (tmp_path / "elsewhere").exists()


def test_a_part_of_a_file_is_not_kept(tmp_path: Path) -> None:
    file = ReceivedFile(tmp_path, b"a", 5)
    file.write(b"123")
    with pytest.raises(SerialError, match="The sender ended after 3 of 5 bytes"):
        file.close()
    file.discard()
    assert not list(tmp_path.iterdir())


class Script(Wire):
    """A wire that answers what is written by a table, for faults that a real peer does not make on demand."""

    def __init__(self, answers: list[bytes], first: bytes = b"") -> None:
        super().__init__(asyncio.new_event_loop())
        self._loop.close()
        self.answers = answers
        self.written: list[bytes] = []
        self.received(first)

    def write(self, data: bytes) -> int:
        self.written.append(data)
        if self.answers:
            self.received(self.answers.pop(0))
        return len(data)


def block(number: int, data: bytes) -> bytes:
    return bytes([1, number, 255 - number]) + data + bytes([sum(data) % 256])


def test_an_invitation_that_crossed_a_block_does_not_have_it_sent_twice() -> None:
    wire = Script([b"C\x06", b"noise\x06", b"\x06"], b"boot C\r\nC")
    Sender(wire, 0).send(io.BytesIO(b"a" * 200), 128, lambda _: None)
    assert [data[:2] for data in wire.written] == [b"\x01\x01", b"\x01\x02", b"\x04"]


def test_a_block_that_was_not_taken_is_sent_again() -> None:
    wire = Script([b"\x15", b"\x06", b"\x06"], b"\x15")
    taken: list[int] = []
    Sender(wire, 0).send(io.BytesIO(b"a" * 100), 128, taken.append)
    assert [data[:2] for data in wire.written] == [b"\x01\x01", b"\x01\x01", b"\x04"]
    assert wire.written[0] == block(1, b"a" * 100 + b"\x1a" * 28)
    assert taken[-1] == 1


def test_a_receiver_that_takes_nothing_is_left() -> None:
    wire = Script([b"\x15"] * 20, b"C")
    with pytest.raises(SerialError, match="did not take a block in 10 tries"):
        Sender(wire, 0).send(io.BytesIO(b"a"), 128, lambda _: None)


def test_a_block_that_comes_again_is_taken_once() -> None:
    first, second = block(1, b"a" * 128), block(2, b"b" * 128)
    wire = Script([b"hello\r\n" + first, first, second, b"\x04"])
    got = io.BytesIO()
    Receiver(wire, 0).receive(got, crc=False)
    assert got.getvalue() == b"a" * 128 + b"b" * 128
    assert wire.written == [b"\x15", b"\x06", b"\x06", b"\x06", b"\x06"]


def test_a_bad_block_is_asked_for_again() -> None:
    good = block(1, b"a" * 128)
    wire = Script([good[:-1] + b"\0", good, b"\x04"])
    got = io.BytesIO()
    Receiver(wire, 0).receive(got, crc=False)
    assert got.getvalue() == b"a" * 128
    assert wire.written == [b"\x15", b"\x15", b"\x06", b"\x06"]


def test_what_was_stopped_ends_at_once() -> None:
    wire = Script([])
    wire.stop(SerialError("Gone."))
    with pytest.raises(SerialError, match="Gone"):
        wire.read(1, 60)
