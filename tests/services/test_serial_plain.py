"""`opsterm serial PORT --plain` as a program of its own, with pipes around it."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import tty
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cable import Cable
from tests.waiting import until_now

PROGRAM = """
import asyncio, sys
from opsterm.services.serial.capture import Capture
from opsterm.services.serial.settings import Settings
from opsterm.tui.plain.serial import run
wait = sys.argv[2] == "wait"
capture = Capture(sys.argv[3]) if sys.argv[3] else None
settings = Settings(sys.argv[1], 9600)
sys.exit(asyncio.run(run(settings, wait=wait, stdin=sys.stdin, stdout=sys.stdout, capture=capture)))
"""
RX = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} Rx <== ")


class Plain:
    """The program running; what it said so far is in `out` and `err`."""

    def __init__(self, port: str, wait: bool = False, capture: Path | str = "", **streams: int) -> None:
        command = [sys.executable, "-c", PROGRAM, port, "wait" if wait else "-", str(capture)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, **{"stdin": pipe, "stdout": pipe, "stderr": pipe, **streams})
        self.out = b""
        self.err = b""
        self._threads = [threading.Thread(target=self._err)]
        if self.process.stdout:
            self._threads.append(threading.Thread(target=self._out))
        for thread in self._threads:
            thread.start()

    def is_open(self) -> None:
        until_now(lambda: b"is open, 9600 8N1." in self.err, f"port open; said {self.err!r}")

    def type(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end(self, how: int | None = signal.SIGINT) -> int:
        if how is not None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=10)
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return code

    def _out(self) -> None:
        assert self.process.stdout
        while data := os.read(self.process.stdout.fileno(), 65536):
            self.out += data

    def _err(self) -> None:
        assert self.process.stderr
        while data := os.read(self.process.stderr.fileno(), 65536):
            self.err += data


@pytest.fixture
def device(cable: Cable) -> Iterator[int]:
    fd = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    yield fd
    os.close(fd)


def test_a_line_each_way_and_ctrl_c(cable: Cable, device: int) -> None:
    plain = Plain(cable.a)
    plain.is_open()
    os.write(device, b"ping from android\n")
    until_now(lambda: b"ping from android" in plain.out, "the ping")
    plain.type(b"test message\n")
    until_now(lambda: b"Tx ==> test message" in plain.out, "the answer")
    assert os.read(device, 100) == b"test message\r\n"
    assert plain.end() == 130
    first, second = plain.out.decode().splitlines()
    assert RX.sub("", first) == "ping from android"
    assert re.fullmatch(RX.pattern.replace("Rx <==", "Tx ==>") + "test message", second)
    assert "Traceback" not in plain.err.decode()


def test_the_end_of_input_ends_sending_only(cable: Cable, device: int) -> None:
    plain = Plain(cable.a)
    plain.is_open()
    plain.type(b"one\ntwo")
    assert plain.process.stdin
    plain.process.stdin.close()
    until_now(lambda: b"Tx ==> two" in plain.out, "both lines sent")
    assert os.read(device, 100) == b"one\r\ntwo\r\n"
    os.write(device, b"still there\n")
    until_now(lambda: b"Rx <== still there" in plain.out, "a line after that")
    plain.process.stdin = None
    assert plain.end() == 130


def test_what_was_piped_in_before_the_port_is_open_is_sent(cable: Cable, tmp_path: Path) -> None:
    cable.pull()
    plain = Plain(cable.a, wait=True)
    plain.type(b"early\n")
    until_now(lambda: b"No such port" in plain.err, "the wait")
    cable.plug()
    fd = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
    plain.is_open()
    assert os.read(fd, 100) == b"early\r\n"
    assert plain.end() == 130
    os.close(fd)


def test_a_port_that_is_not_there_ends_it_with_4(tmp_path: Path) -> None:
    plain = Plain(str(tmp_path / "nothing"))
    assert plain.end(None) == 4
    assert plain.err.decode().startswith(f"opsterm: No such port: {tmp_path}/nothing. ")
    assert plain.err.decode().endswith("--wait waits for it.\n")
    assert plain.err.count(b"\n") == 1
    assert plain.out == b""


def test_what_is_no_port_ends_it_with_4(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    plain = Plain(str(tmp_path / "file"))
    assert plain.end(None) == 4
    assert plain.err.decode() == f"opsterm: {tmp_path}/file is not a serial port (regular file).\n"


def test_a_device_that_comes_back_goes_on(cable: Cable, device: int) -> None:
    plain = Plain(cable.a)
    plain.is_open()
    os.write(device, b"one\nlogin: ")
    until_now(lambda: b"one" in plain.out, "the first line")
    cable.pull()
    until_now(lambda: b"Device disconnected" in plain.err, "the loss")
    until_now(lambda: b"Rx <== login: \xe2\x80\xa6\n" in plain.out, "the prompt, when the line closed")
    cable.plug()
    until_now(lambda: b"open again, gap 0." in plain.err, "open again")
    fd = os.open(cable.b, os.O_RDWR | os.O_NOCTTY)
    os.write(fd, b"two\n")
    until_now(lambda: b"Rx <== two" in plain.out, "a line after it")
    assert plain.end() == 130
    assert [RX.sub("", line) for line in plain.out.decode().splitlines()] == ["one", "login: …", "two"]
    os.close(fd)


def test_a_closed_pipe_ends_it_even_in_silence(cable: Cable) -> None:
    reading, writing = os.pipe()
    plain = Plain(cable.a, stdout=writing)
    os.close(writing)
    plain.is_open()
    os.close(reading)
    assert plain.end(None) == 130
    assert "Traceback" not in plain.err.decode()


def test_nobody_reading_does_not_hold_up_the_end(cable: Cable, device: int) -> None:
    reading, writing = os.pipe()
    plain = Plain(cable.a, stdout=writing)
    os.close(writing)
    plain.is_open()
    os.write(device, b"x" * 100 + b"\n")
    for _ in range(2000):  # more than the pipe holds
        os.write(device, b"y" * 100 + b"\n")
    assert plain.end() == 130
    os.close(reading)


def test_a_slow_reader_of_the_output_loses_nothing(cable: Cable, device: int) -> None:
    reading, writing = os.pipe()
    plain = Plain(cable.a, stdout=writing)
    os.close(writing)
    plain.is_open()
    many = 250_000  # more than a ring holds
    rest = "".join(f"{number}\n" for number in range(many)).encode()
    while rest:
        rest = rest[os.write(device, rest) :]
    out = bytearray()
    while not out.endswith(b" %d\n" % (many - 1)):
        out += os.read(reading, 1 << 20)
    assert [int(line.rsplit(b" ", 1)[1]) for line in out.splitlines()] == list(range(many))
    assert plain.end() == 130
    assert b"dropped" not in plain.err
    os.close(reading)


def test_noise_does_nothing_to_a_terminal_and_is_captured_whole(cable: Cable, device: int, tmp_path: Path) -> None:
    file = tmp_path / "noise.bin"
    plain = Plain(cable.a, capture=file)
    plain.is_open()
    noise = random.Random(6).randbytes(2_000_000) + b"\nthe end\n"  # 50 MB of it: bench/serial_noise.py --long
    rest = memoryview(noise)
    while rest:
        rest = rest[os.write(device, rest) :]
    until_now(lambda: b"Rx <== the end\n" in plain.out[-100:], "the end of it", 60)
    until_now(lambda: file.stat().st_size >= len(noise), "all of it in the file")
    assert file.read_bytes() == noise
    assert plain.end() == 130
    shown = plain.out.decode()
    assert {char for char in shown if unicodedata.category(char) in {"Cc", "Zl", "Zp"}} == {"\n"}
    assert not any(unicodedata.bidirectional(char) in {"LRE", "RLE", "PDF", "LRO", "RLO"} for char in set(shown))
    assert all(RX.match(line) for line in shown.splitlines())
    assert "Traceback" not in plain.err.decode()


def test_many_lines_arrive_in_order(cable: Cable, device: int) -> None:
    plain = Plain(cable.a)
    plain.is_open()
    for number in range(20_000):
        os.write(device, b"line %d\n" % number)
    until_now(lambda: b"line 19999\n" in plain.out, "the last line", 30)
    assert plain.end() == 130
    assert [RX.sub("", line) for line in plain.out.decode().splitlines()] == [f"line {n}" for n in range(20_000)]
