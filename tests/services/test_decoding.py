"""Decoders in force: what is shown, what a save changes, and what no decoder can break."""

from __future__ import annotations

import asyncio
import gc
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from opsterm.services.lines import Direction, Flag, Level, Line, Ring
from opsterm.services.serial import watch as watching
from opsterm.services.serial.decoding import Decoding, process
from opsterm.services.serial.decoding.code import MAX_BYTES, DecoderError
from opsterm.services.serial.decoding.shown import ShownRing
from tests.faults import no_faults
from tests.needs import ROOT
from tests.waiting import until

UPPER = "def decode(line):\n    line.text = line.text.upper()\n    return line\n"
TITLE = "def decode(line):\n    line.text = line.text.title()\n    return line\n"


def rx(text: str, flags: Flag = Flag.NONE) -> Line:
    return Line(text.encode(), text, 1_000, 2_000, "bus", flags=flags)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "decoders"
    folder.mkdir()
    return folder


@pytest.fixture
def source() -> Ring:
    ring = Ring()
    ring.extend([rx("one"), rx("two")])
    return ring


@pytest.fixture
async def decoding(source: Ring, folder: Path) -> AsyncIterator[Decoding]:
    with no_faults():
        decoding = Decoding(source, folder)
        yield decoding
        await decoding.stop()


def shown(decoding: Decoding) -> list[str]:
    return [line.text for line in decoding.ring.since(0)]


def save(folder: Path, code: str, name: str = "bus") -> None:
    (folder / f"{name}.py").write_text(code)


def save_by_rename(folder: Path, code: str) -> None:
    (folder / ".bus.py.tmp").write_text(code)
    (folder / ".bus.py.tmp").rename(folder / "bus.py")


def save_anew(folder: Path, code: str) -> None:
    (folder / "bus.py").unlink()
    save(folder, code)


async def shows(decoding: Decoding, *texts: str) -> None:
    await until(lambda: shown(decoding) == list(texts) or decoding.error, f"{texts}")
    assert (shown(decoding), decoding.error) == (list(texts), "")


async def test_without_a_decoder_the_ring_is_the_source(decoding: Decoding, source: Ring, folder: Path) -> None:
    assert decoding.ring is source
    assert (decoding.name, decoding.error) == ("", "")
    for name in ("bus.py", "mine-2.py", "_helper.py", "notes.txt", ".hidden.py", "a b.py"):
        (folder / name).touch()
    assert decoding.names == ["bus", "cobs", "json", "mine-2", "nmea", "slip"]


async def test_lines_are_shown_decoded_and_the_source_stays(decoding: Decoding, source: Ring, folder: Path) -> None:
    save(folder, UPPER)
    told: list[Ring] = []
    decoding.listen(lambda: told.append(decoding.ring))
    before = source.since(0)
    await decoding.use("bus")
    assert decoding.name == "bus"
    await shows(decoding, "ONE", "TWO")
    source.append(rx("three"))
    await shows(decoding, "ONE", "TWO", "THREE")
    assert [line is old for line, old in zip(source.since(0), before, strict=False)] == [True, True]
    assert [line.text for line in source.since(0)] == ["one", "two", "three"]
    assert told == [decoding.ring]
    line = decoding.ring[2]
    assert (line.raw, line.first_ns, line.last_ns, line.source) == (b"three", 1_000, 2_000, "bus")
    await decoding.use("")
    assert decoding.ring is source
    assert decoding.name == ""
    assert told[1:] == [source]


@pytest.mark.parametrize("saved", [save, save_by_rename, save_anew])
async def test_a_save_shows_everything_anew(decoding: Decoding, folder: Path, saved: object) -> None:
    assert callable(saved)
    save(folder, UPPER)
    await decoding.use("bus")
    await shows(decoding, "ONE", "TWO")
    for code, texts in ((TITLE, ("One", "Two")), (UPPER, ("ONE", "TWO")), (TITLE, ("One", "Two"))):
        saved(folder, code)
        await until(lambda texts=texts: shown(decoding) == list(texts), f"{texts}")  # type: ignore[misc]
    await until(lambda: not decoding.error, "no error")


async def test_a_save_behind_a_link_is_seen(decoding: Decoding, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    save(tmp_path / "dotfiles", UPPER)
    (folder / "bus.py").symlink_to(tmp_path / "dotfiles" / "bus.py")
    await decoding.use("bus")
    await shows(decoding, "ONE", "TWO")
    save_by_rename(tmp_path / "dotfiles", TITLE)
    await shows(decoding, "One", "Two")


async def test_without_inotify_a_save_is_seen_too(
    decoding: Decoding, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching.sys, "platform", "elsewhere")
    monkeypatch.setattr(watching, "_POLL_SECONDS", 0.01)
    save(folder, UPPER)
    await decoding.use("bus")
    await shows(decoding, "ONE", "TWO")
    save(folder, TITLE)
    await shows(decoding, "One", "Two")


async def test_a_file_that_is_not_there_is_awaited(source: Ring, tmp_path: Path) -> None:
    decoding = Decoding(source, tmp_path / "config" / "decoders")
    assert decoding.names == ["cobs", "json", "nmea", "slip"]
    await decoding.use("bus")
    await until(lambda: decoding.error, "an error")
    assert decoding.error == "decoders/bus.py: no such file"
    assert decoding.ring is source
    (tmp_path / "config" / "decoders").mkdir(parents=True)
    save(tmp_path / "config" / "decoders", UPPER)
    await until(lambda: shown(decoding) == ["ONE", "TWO"], "decoded")
    assert decoding.error == ""
    await decoding.stop()


async def test_a_file_that_goes_away_leaves_its_code_in_force(decoding: Decoding, source: Ring, folder: Path) -> None:
    save(folder, UPPER)
    await decoding.use("bus")
    await shows(decoding, "ONE", "TWO")
    (folder / "bus.py").unlink()
    await until(lambda: decoding.error == "decoders/bus.py: no such file", "an error")
    source.append(rx("three"))
    await until(lambda: shown(decoding) == ["ONE", "TWO", "THREE"], "decoded")
    save(folder, UPPER)
    await until(lambda: not decoding.error, "no error any more")


BROKEN = {
    "syntax": ("def decode(line)\n", "decoders/bus.py line 1: SyntaxError expected ':'"),
    "null bytes": ("\0", "decoders/bus.py: SyntaxError source code string cannot contain null bytes"),
    "import": ("\nimport nosuch\n", "decoders/bus.py line 2: ModuleNotFoundError No module named 'nosuch'"),
    "empty": ("", "decoders/bus.py: no function decode(line) in it"),
    "exit at import": ("import sys\nsys.exit(3)\n", "decoders/bus.py line 2: SystemExit 3"),
    "missing key": ("def decode(line):\n    d = {}\n    return d['x']\n", "decoders/bus.py line 3: KeyError 'x'"),
    "inner": (
        "import json\n\ndef decode(line):\n    return json.loads('{')\n",
        "decoders/bus.py line 4: JSONDecodeError Expecting property name enclosed in double quotes: line 1 column 2"
        " (char 1)",
    ),
    "exit": ("def decode(line):\n    exit()\n", "decoders/bus.py line 2: SystemExit None"),
    "asks": ("def decode(line):\n    input('?')\n", "decoders/bus.py line 2: EOFError EOF when reading a line"),
    "number": (
        "def decode(line):\n    return 7\n",
        "decoders/bus.py line 1: returned int, not a Line, a list of them or None",
    ),
    "coroutine": (
        "async def decode(line):\n    return line\n",
        "decoders/bus.py line 1: returned coroutine, not a Line, a list of them or None",
    ),
    "list of text": (
        "def decode(line):\n    return [line, 'x']\n",
        "decoders/bus.py line 1: returned a list with str in it, not only Lines",
    ),
    "text of bytes": (
        "def decode(line):\n    line.text = line.raw\n    return line\n",
        "decoders/bus.py line 1: returned a Line whose text is bytes, not str",
    ),
    "level": (
        "def decode(line):\n    line.level = 'high'\n    return line\n",
        "decoders/bus.py line 1: returned a Line whose level, direction or flags are none",
    ),
    "time": (
        "def decode(line):\n    line.first_ns = 10 ** 30\n    return line\n",
        "decoders/bus.py line 1: returned a Line whose times are none",
    ),
    "many lines": (
        "def decode(line):\n    return [line] * 1001\n",
        "decoders/bus.py line 1: returned more than 1,000 lines for one",
    ),
    "long line": (
        "def decode(line):\n    line.text *= 10 ** 6\n    return line\n",
        "decoders/bus.py line 1: returned more than 524,288 characters for one line",
    ),
    "all memory": ("def decode(line):\n    return 'x' * (1 << 40)\n", "decoders/bus.py line 2: MemoryError"),
    "recursion": (
        "def decode(line):\n    return decode(line)\n",
        "decoders/bus.py line 2: RecursionError maximum recursion depth exceeded",
    ),
    "ends the process": (
        "import os\ndef decode(line):\n    os._exit(5)\n",
        "decoders/bus.py: ended itself with status 5",
    ),
    "crash": (
        "import os\ndef decode(line):\n    os.kill(os.getpid(), 11)\n",
        "decoders/bus.py: killed by signal 11",
    ),
    "too large": ("#" * (MAX_BYTES + 1), "decoders/bus.py: longer than a decoder may be"),
    "several lines": (
        "def decode(line):\n    raise ValueError('a\\nb\\x1b[2J')\n",
        "decoders/bus.py line 2: ValueError a",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_broken_code_leaves_the_old_in_force(decoding: Decoding, source: Ring, folder: Path, case: str) -> None:
    save(folder, UPPER)
    await decoding.use("bus")
    await shows(decoding, "ONE", "TWO")
    ring = decoding.ring
    code, error = BROKEN[case]
    save(folder, code)
    await until(lambda: decoding.error, "an error")
    assert decoding.error == error
    source.append(rx("three"))
    await until(lambda: shown(decoding) == ["ONE", "TWO", "THREE"], "the old code in force")
    assert decoding.ring is ring
    assert decoding.error == error
    save(folder, TITLE)
    await until(lambda: not decoding.error, "good code")
    assert shown(decoding) == ["One", "Two", "Three"]


@pytest.mark.parametrize("case", BROKEN)
async def test_lines_are_undecoded_where_the_first_code_is_broken(
    decoding: Decoding, source: Ring, folder: Path, case: str
) -> None:
    code, error = BROKEN[case]
    save(folder, code)
    await decoding.use("bus")
    await until(lambda: decoding.error, "an error")
    source.append(rx("three"))
    await until(lambda: shown(decoding) == ["one", "two", "three"], "undecoded lines")
    assert decoding.error == error


HANGING = {
    "loop": "        while True:\n            pass\n",
    "loop that catches": (
        "        while True:\n            try:\n                1 / 0\n"
        "            except BaseException:\n                pass\n"
    ),
    "regular expression": "        import re\n        re.match('(a+)+$', 'a' * 60 + 'b')\n",
    "sleep": "        import time\n        time.sleep(3600)\n",
    "big number": "        9 ** 9 ** 9\n",
}


def hangs_at(text: str, how: str) -> str:
    return f"{UPPER[:17]}\n    if line.text == {text!r}:\n{HANGING[how]}    return line\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LINE_SECONDS", 0.5)


@pytest.mark.parametrize("how", HANGING)
@pytest.mark.usefixtures("impatient")
async def test_code_that_hangs_leaves_the_old_in_force(
    decoding: Decoding, source: Ring, folder: Path, how: str
) -> None:
    save(folder, UPPER)
    await decoding.use("bus")
    await shows(decoding, "ONE", "TWO")
    ring = decoding.ring
    save(folder, hangs_at("two", how))
    source.append(rx("three"))
    await until(lambda: decoding.error, "an error")
    assert decoding.error.startswith("decoders/bus.py line ")
    assert decoding.error.endswith(": no answer within 0.5 s, ended")
    source.append(rx("four"))
    await until(lambda: shown(decoding) == ["ONE", "TWO", "THREE", "FOUR"], "the old code in force")
    assert decoding.ring is ring


@pytest.mark.parametrize("how", HANGING)
async def test_while_code_hangs_everything_else_goes_on(
    decoding: Decoding, source: Ring, folder: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(process, "LINE_SECONDS", 3600)
    save(folder, UPPER)
    await decoding.use("bus")
    await shows(decoding, "ONE", "TWO")
    started = "open(" + repr(str(folder / "started")) + ", 'w').close()\n"
    save(folder, hangs_at("one", how).replace("    if", f"    {started}    if", 1))
    await until((folder / "started").exists, "the code that hangs")
    source.append(rx("three"))
    await shows(decoding, "ONE", "TWO", "THREE")
    save(folder, TITLE)
    await until(lambda: shown(decoding) == ["One", "Two", "Three"], "newer code in force")
    await decoding.stop()
    assert decoding.ring is source
    await decoding.use("bus")
    await until(lambda: shown(decoding) == ["One", "Two", "Three"], "in force again")


@pytest.mark.usefixtures("impatient")
async def test_code_that_does_not_end_loading_is_ended(
    decoding: Decoding, source: Ring, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "START_SECONDS", 1.0)
    save(folder, "import time\nwhile True:\n    time.sleep(1)\n")
    await decoding.use("bus")
    await until(lambda: decoding.error, "an error")
    assert decoding.error == "decoders/bus.py line 3: no answer within 1 s, ended"
    assert decoding.ring is source


@pytest.mark.usefixtures("impatient")
async def test_when_code_hangs_later_the_one_before_comes_back(
    decoding: Decoding, source: Ring, folder: Path
) -> None:
    save(folder, UPPER)
    await decoding.use("bus")
    await shows(decoding, "ONE", "TWO")
    save(folder, hangs_at("three", "loop"))
    await shows(decoding, "one", "two")
    source.extend([rx("three"), rx("four")])
    await until(lambda: shown(decoding) == ["ONE", "TWO", "THREE", "FOUR"], "the code before")
    assert re.fullmatch(r"decoders/bus\.py line [34]: no answer within 0\.5 s, ended", decoding.error)
    save(folder, TITLE)
    await until(lambda: shown(decoding) == ["One", "Two", "Three", "Four"], "newer code")
    assert decoding.error == ""


@pytest.mark.usefixtures("impatient")
async def test_when_the_first_code_hangs_later_lines_are_undecoded(
    decoding: Decoding, source: Ring, folder: Path
) -> None:
    save(folder, "def decode(line):\n    while line.text == 'three':\n        pass\n")
    await decoding.use("bus")
    await until(lambda: decoding.ring is not source, "in force")
    source.extend([rx("three"), rx("four")])
    await until(lambda: decoding.ring is source, "undecoded")
    assert decoding.error.startswith("decoders/bus.py line ")


async def test_code_that_fails_at_its_first_line_gives_way_to_the_one_before(folder: Path) -> None:
    source = Ring()
    decoding = Decoding(source, folder)
    save(folder, UPPER)
    await decoding.use("bus")
    await until(lambda: decoding.ring is not source, "in force")
    ring = decoding.ring
    save(folder, BROKEN["missing key"][0])
    await until(lambda: decoding.ring is not ring, "the broken code in force: there was no line to try it on")
    source.append(rx("one"))
    await until(lambda: shown(decoding) == ["ONE"], "the code before")
    assert decoding.error == BROKEN["missing key"][1]
    await decoding.stop()


async def test_a_line_at_which_code_fails_is_shown_as_it_came(decoding: Decoding, source: Ring, folder: Path) -> None:
    picky = "def decode(line):\n    assert line.text != 'two'\n" + UPPER.partition("\n")[2]
    save(folder, picky)
    await decoding.use("bus")
    await until(lambda: shown(decoding) == ["ONE", "two"], "all but one decoded")
    assert decoding.error == "decoders/bus.py line 2: AssertionError"
    source.append(rx("three"))
    await until(lambda: shown(decoding) == ["ONE", "two", "THREE"], "it goes on")
    save(folder, picky + "#")
    ring = decoding.ring
    await until(lambda: decoding.ring is not ring, "code that fails at no other line is taken")
    assert shown(decoding) == ["ONE", "two", "THREE"]


async def test_one_line_may_become_several_or_none(decoding: Decoding, source: Ring, folder: Path) -> None:
    save(
        folder,
        "from dataclasses import replace\n"
        "def decode(line: Line) -> Line | list[Line] | None:\n"
        "    if line.text == 'two':\n"
        "        return None\n"
        "    return [replace(line, text=line.text + end, level=Level.WARN) for end in 'ab']\n",
    )
    await decoding.use("bus")
    await shows(decoding, "onea", "oneb")
    assert [line.level for line in decoding.ring.since(0)] == [Level.WARN] * 2
    source.extend([rx("two"), rx("three")])
    await shows(decoding, "onea", "oneb", "threea", "threeb")


async def test_what_was_typed_and_notes_pass(decoding: Decoding, source: Ring, folder: Path) -> None:
    source.append(Line(b"at", "at", 1, 1, direction=Direction.TX, flags=Flag.UNSENT))
    source.append(Line(b"lost", "lost", 1, 1, direction=Direction.NOTE))
    source.append(rx("three"))
    save(folder, UPPER)
    await decoding.use("bus")
    await shows(decoding, "ONE", "TWO", "at", "lost", "THREE")
    assert decoding.ring[2].arrow == "Tx =X="


async def test_text_of_a_decoder_is_made_safe(decoding: Decoding, folder: Path) -> None:
    save(folder, "def decode(line):\n    line.text = '\\x1b[2Ja\\nb\\u202e'\n    return line\n")
    await decoding.use("bus")
    await shows(decoding, "a␊b<U+202E>", "a␊b<U+202E>")


async def test_nothing_reaches_the_terminal(
    decoding: Decoding, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save(
        folder,
        "import os, sys\nprint('at import')\ndef decode(line):\n    print('out')\n    print('err', file=sys.stderr)\n"
        "    os.write(1, b'raw out')\n    os.write(2, b'raw err')\n    os.system('echo shell')\n"
        "    try:\n        open('/dev/tty', 'w').write('tty')\n    except OSError:\n        return line\n",
    )
    await decoding.use("bus")
    await shows(decoding, "one", "two")
    assert capfd.readouterr() == ("", "")


async def test_what_a_decoder_keeps_lives_as_long_as_its_code(decoding: Decoding, source: Ring, folder: Path) -> None:
    counting = (
        "n = 0\ndef decode(line):\n    global n\n    n += 1\n    line.text = f'{n} {line.text}'\n    return line\n"
    )
    save(folder, counting)
    await decoding.use("bus")
    await shows(decoding, "1 one", "2 two")
    source.append(rx("three"))
    await shows(decoding, "1 one", "2 two", "3 three")
    save(folder, counting.replace("n = 0", "n = 10"))
    await until(lambda: shown(decoding) == ["11 one", "12 two", "13 three"], "counted anew")


SLOW = """
import os, time
from pathlib import Path
folder = Path(FOLDER)
def decode(line):
    (folder / "started").touch()
    while not (folder / "go").exists():
        time.sleep(0.01)
    return line if int(line.text) % 2 else None
"""


async def test_lines_not_decoded_in_time_are_counted(folder: Path) -> None:
    source = Ring(max_lines=10)
    decoding = Decoding(source, folder)
    save(folder, SLOW.replace("FOLDER", repr(str(folder))))
    await decoding.use("bus")
    await until(lambda: decoding.ring is not source, "in force")
    source.append(rx("0"))
    await until((folder / "started").exists, "at work")
    source.extend([rx(str(number)) for number in range(1, 31)])
    (folder / "go").touch()
    await until(lambda: shown(decoding)[-1:] == ["29"], "the last line")
    note, *lines = decoding.ring.since(0)
    assert [line.text for line in lines] == ["21", "23", "25", "27", "29"]
    assert (note.text, note.direction) == (
        "decoders/bus.py is too slow: 20 lines not decoded and not shown",
        Direction.NOTE,
    )
    assert note.flags is Flag.GAP
    await decoding.stop()


async def test_a_file_beats_what_is_built_in(decoding: Decoding, source: Ring, folder: Path) -> None:
    source.append(rx('{"a": 1}'))
    await decoding.use("json")
    await shows(decoding, "one", "two", "a=1")
    save(folder, UPPER, "json")
    await shows(decoding, "ONE", "TWO", '{"A": 1}')


async def test_another_decoder_takes_the_place_of_the_one_before(
    decoding: Decoding, source: Ring, folder: Path
) -> None:
    save(folder, UPPER)
    await decoding.use("bus")
    await shows(decoding, "ONE", "TWO")
    await decoding.use("nmea")
    await until(lambda: shown(decoding) == ["one", "two"], "the other")
    assert decoding.ring is not source
    save(folder, "broken(", "other")
    await decoding.use("other")
    await until(lambda: decoding.error, "an error")
    assert decoding.ring is source
    assert (decoding.name, decoding.error) == ("other", "decoders/other.py line 1: SyntaxError '(' was never closed")
    await decoding.use("bus")
    assert decoding.error == ""
    await until(lambda: shown(decoding) == ["ONE", "TWO"], "the first again")
    assert decoding.error == ""


async def test_of_two_choices_at_once_the_last_holds(decoding: Decoding, source: Ring, folder: Path) -> None:
    save(folder, UPPER)
    save(folder, TITLE, "other")
    await decoding.use("bus")
    await asyncio.gather(decoding.use("bus"), decoding.use(""), decoding.use("bus"), decoding.use("other"))
    await shows(decoding, "One", "Two")
    ring = decoding.ring
    save(folder, UPPER + "#")
    save(folder, TITLE + "#", "other")
    await until(lambda: decoding.ring is not ring, "the save of the one that holds")
    assert (decoding.name, shown(decoding)) == ("other", ["One", "Two"])


@pytest.mark.parametrize("name", ["../bus", "a b", "_x", ".", "a\0b", "\x1b[2J"])
async def test_what_is_no_name_is_refused(decoding: Decoding, name: str) -> None:
    with pytest.raises(DecoderError, match="is no name of a decoder"):
        await decoding.use(name)
    assert decoding.name == ""


async def test_a_fifo_in_the_place_of_the_file_holds_up_nothing(decoding: Decoding, folder: Path) -> None:
    os.mkfifo(folder / "bus.py")
    await decoding.use("bus")
    await until(lambda: decoding.error, "an error")


async def test_no_process_and_no_descriptor_stays(source: Ring, folder: Path) -> None:
    def children() -> str:
        return "".join(path.read_text() for path in Path("/proc/self/task").glob("*/children"))

    await until(lambda: not children(), "those of other tests gone")
    before = set(os.listdir("/dev/fd"))
    decoding = Decoding(source, folder)
    save(folder, UPPER)
    await decoding.use("bus")
    await until(lambda: decoding.ring is not source, "in force")
    save(folder, hangs_at("one", "sleep"))
    await until(lambda: len(children().split()) == 2, "two processes")
    await decoding.stop()
    await decoding.stop()
    assert decoding.ring is source
    await until(lambda: (set(os.listdir("/dev/fd")), children()) == (before, ""), "everything given back")


async def test_why_python_itself_did_not_start_is_said(
    decoding: Decoding, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "child.py").write_text("import nosuch\n")
    monkeypatch.setattr(process, "_CHILD", str(tmp_path / "child.py"))
    save(folder, UPPER)
    await decoding.use("bus")
    await until(lambda: decoding.error, "an error")
    assert decoding.error == (
        "decoders/bus.py: ended itself with status 1, ModuleNotFoundError: No module named 'nosuch'"
    )


@pytest.fixture
def no_collector() -> Iterator[None]:
    """As good as: the program has it look through old things very rarely."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector", "impatient")
async def test_lines_shown_no_more_are_given_back_at_once(decoding: Decoding, source: Ring, folder: Path) -> None:
    def kept() -> int:
        return sum(type(each) is ShownRing for each in gc.get_objects())

    gc.collect()
    save(folder, UPPER)
    await decoding.use("bus")
    await until(lambda: decoding.ring is not source, "in force")
    for code, error in (
        (TITLE, ""),
        (BROKEN["missing key"][0], "KeyError"),
        (hangs_at("one", "loop"), "no answer"),
        (BROKEN["ends the process"][0], "ended itself"),
        (BROKEN["import"][0], "nosuch"),
        (UPPER, ""),
    ):
        before = id(decoding.ring)
        save(folder, code)
        await until(
            lambda before=before, error=error: error in decoding.error if error else id(decoding.ring) != before,  # type: ignore[misc]
            "the save seen",
        )
        await until(lambda: kept() == 1, "one ring")
    await decoding.stop()
    await until(lambda: kept() == 0, "none")


async def test_the_example_does_what_it_says(source: Ring) -> None:
    decoding = Decoding(source, ROOT / "examples" / "decoders")
    source.append(rx("W (12345) wifi: no ip"))
    await decoding.use("esp_idf")
    await shows(decoding, "one", "two", "12.345 s wifi: no ip")
    assert decoding.ring[2].level is Level.WARN
    await decoding.stop()
