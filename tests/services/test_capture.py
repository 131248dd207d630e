"""Captures on a real disk: all of it, in time, in several files, and past every fault of the disk."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.services.serial import capture as capture_module
from opsterm.services.serial.capture import Capture
from opsterm.services.serial.capture_file import Rotation
from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.serial.records import from_json
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from tests.cable import Cable
from tests.waiting import turns, until, until_now

Make = Callable[..., Capture]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Capture] = []

    def make(path: Path, **options: object) -> Capture:
        made.append(Capture(str(path), **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        await each.stop()


def line(text: str, flags: Flag = Flag.NONE, ns: int = 1_598_870_690_995_281_000) -> Line:
    return Line(text.encode(), text, ns, ns, flags=flags)


async def test_rows_are_written_while_it_goes_on(make: Make, tmp_path: Path) -> None:
    ring, capture = Ring(), make(tmp_path / "a.txt")
    ring.append(line("before"))
    await capture.start()
    capture.follow(ring)
    ring.append(line("one"))
    await until(lambda: (tmp_path / "a.txt").read_text() == f"{line('one')}\n", "the first row")
    ring.append(line("log", Flag.PARTIAL))
    await until(lambda: (tmp_path / "a.txt").read_text().endswith("Rx <== log"), "the prompt")
    ring.replace_last(line("login: ", Flag.PARTIAL))
    ring.extend([line("two"), line("password: ", Flag.PARTIAL)])
    await capture.stop()
    assert (tmp_path / "a.txt").read_text() == "".join(f"{each}\n" for each in ring.since(1))
    assert (capture.lost, capture.problem) == (0, "")
    assert capture.written == (tmp_path / "a.txt").stat().st_size


async def test_a_prompt_that_was_there_before_is_written_when_it_grows(make: Make, tmp_path: Path) -> None:
    ring, capture = Ring(), make(tmp_path / "a.jsonl")
    ring.append(line("log", Flag.PARTIAL))
    await capture.start()
    capture.follow(ring)
    ring.replace_last(line("login"))
    await capture.stop()
    assert [from_json(row)[0].text for row in (tmp_path / "a.jsonl").read_bytes().splitlines()] == ["login"]


async def test_the_raw_form_has_every_byte_that_came_in(make: Make, tmp_path: Path) -> None:
    data = random.Random(1).randbytes(1_000_000)
    with Cable(tmp_path) as cable:
        service, capture = SerialService(), make(tmp_path / "a.bin")
        await capture.start()
        service.taps.append(capture.take)
        await service.open(Settings(cable.a))
        await until(lambda: service.status.state is State.LIVE, "open")
        sending = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=os.open(cable.b, os.O_WRONLY | os.O_NOCTTY))
        await asyncio.to_thread(sending.communicate, data)
        await until(lambda: service.counters.rx_bytes == len(data), "all of it")
        await service.close()
        await capture.stop()
    digest = hashlib.sha256((tmp_path / "a.bin").read_bytes()).hexdigest()
    assert digest == hashlib.sha256(data).hexdigest()


async def test_it_appends_and_mends_a_torn_end(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("torn")
    ring, capture = Ring(), make(file)
    await capture.start()
    capture.follow(ring)
    ring.append(line("one"))
    await capture.stop()
    assert file.read_text() == f"torn\n{line('one')}\n"


async def test_a_full_file_is_put_aside(make: Make, tmp_path: Path) -> None:
    ring, capture = Ring(), make(tmp_path / "a.txt", rotation=Rotation.parse("1k"))
    (tmp_path / "a.1.txt").write_text("of somebody else")
    await capture.start()
    capture.follow(ring)
    ring.extend(line(f"number {number}") for number in range(100))
    await capture.stop()
    files = [*sorted(tmp_path.glob("a.?.txt"), key=lambda path: path.name), tmp_path / "a.txt"]
    assert len(files) > 3
    assert files[0].read_text() == "of somebody else"
    assert all(1024 <= path.stat().st_size < 1100 for path in files[1:-1])
    rows = "".join(path.read_text() for path in files[1:])
    assert rows == "".join(f"{each}\n" for each in ring.since(0))


async def test_a_new_day_begins_a_new_file(make: Make, tmp_path: Path) -> None:
    today = datetime.now().replace(hour=12, minute=0, second=0, microsecond=0)
    file = tmp_path / "a.bin"
    file.write_bytes(b"yesterday")
    yesterday = (today - timedelta(days=1)).timestamp()
    os.utime(file, (yesterday, yesterday))
    capture = make(file, rotation=Rotation.parse("day"))
    await capture.start()
    capture.take([(int(today.timestamp()) * 10**9, b"today")])
    capture.take([(int((today + timedelta(days=1)).timestamp()) * 10**9, b"tomorrow")])
    await capture.stop()
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {
        f"a.{today - timedelta(days=1):%Y-%m-%d}.bin": b"yesterday",
        f"a.{today:%Y-%m-%d}.bin": b"today",
        "a.bin": b"tomorrow",
    }


@pytest.mark.parametrize("text", ["", "M", "-1", "1.5M", "week", "10m"])
def test_a_rotation_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(BadSettingError, match="Invalid rotation"):
        Rotation.parse(text)


async def test_a_vanished_folder_costs_lines_that_are_counted_and_nothing_else(make: Make, tmp_path: Path) -> None:
    said: list[str] = []
    folder = tmp_path / "folder"
    folder.mkdir()
    ring, capture = Ring(), make(folder / "a.txt", told=said.append)
    await capture.start()
    capture.follow(ring)
    ring.append(line("one"))
    await until(lambda: capture.written, "the first row")
    shutil.rmtree(folder)
    for count in (1, 2):
        ring.append(line("lost"))
        await until(lambda wanted=count: capture.lost == wanted, "the loss")  # type: ignore[misc]
    await until(lambda: said, "a word")
    assert said == [f"Cannot capture to {folder}/a.txt: No such file or directory."]
    assert capture.problem == "No such file or directory"
    folder.mkdir()
    ring.append(line("two"))
    await until(lambda: not capture.problem and len(said) == 2, "writing again")
    assert said[1] == f"Capture to {folder}/a.txt goes on, 2 lines lost."
    note, row = (folder / "a.txt").read_text().splitlines()
    assert note.endswith(" --- 2 lines missing here: No such file or directory")
    assert row == str(line("two"))


async def test_a_full_disk_is_told(make: Make) -> None:
    said: list[str] = []
    ring, capture = Ring(), make(Path("/dev/full"), told=said.append)
    await capture.start()
    capture.follow(ring)
    ring.append(line("one"))
    await until(lambda: said, "a word")
    assert said == ["Cannot capture to /dev/full: No space left on device."]
    assert capture.lost == 1


async def test_a_disk_that_hangs_holds_up_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_module, "MAX_QUEUE", 1000)
    os.mkfifo(tmp_path / "a.jsonl")
    said: list[str] = []
    ring, capture = Ring(), make(tmp_path / "a.jsonl", told=said.append)
    await capture.start()
    capture.follow(ring)
    for _ in range(3000):  # more than a pipe holds
        ring.append(line("x" * 100))
        await turns()
    await until(lambda: capture.lost, "a loss")
    ring.append(line("lost"))
    assert set(said) == {f"Capture to {tmp_path}/a.jsonl loses lines: the disk is too slow."}
    reading = os.open(tmp_path / "a.jsonl", os.O_RDONLY | os.O_NONBLOCK)
    found = b""

    def read() -> bytes:
        nonlocal found
        ring.append(line("again"))
        with suppress(BlockingIOError):
            found += os.read(reading, 1 << 20)
        return b"again" in found

    await until(read, "lines again")
    os.close(reading)
    notes = [each for row in found.splitlines()[:-1] if (each := from_json(row)[0]).direction is Direction.NOTE]
    assert notes[0].text.endswith(" lines missing here: the disk is too slow")


async def test_a_file_that_cannot_be_is_refused_at_once(make: Make, tmp_path: Path) -> None:
    capture = make(tmp_path / "nothing" / "a.txt")
    with pytest.raises(SerialError, match=r"Cannot capture to .*/nothing/a.txt: No such file or directory\."):
        await capture.start()


PROGRAM = """
import asyncio, sys
from opsterm.services.lines import Line, Ring
from opsterm.services.serial.capture import Capture

async def main():
    ring, capture = Ring(), Capture(sys.argv[1])
    await capture.start()
    capture.follow(ring)
    for number in range(10**9):
        ring.append(Line(b"%d" % number, str(number), number, number))
        print(number, flush=True)
        await asyncio.sleep(0.001)

asyncio.run(main())
"""


def test_a_killed_program_has_written_all_but_the_last_moment(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path / "a.jsonl")], stdout=subprocess.PIPE)
    assert process.stdout
    file = tmp_path / "a.jsonl"
    until_now(lambda: file.exists() and file.stat().st_size > 20_000, "some lines")
    process.send_signal(signal.SIGKILL)
    said = [int(row) for row in process.stdout.read().split()]
    process.wait()
    process.stdout.close()
    written = [from_json(row)[0].first_ns for row in file.read_bytes().splitlines()]
    assert written == said[: len(written)]
    assert len(said) - len(written) < 100  # a line a millisecond
