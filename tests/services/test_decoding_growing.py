"""Lines that grow, decoded: whatever comes in whatever order, the end is each line once, in its place."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.services.serial.decoding import Decoding
from opsterm.services.serial.merge import Merge
from tests.waiting import until

CODE = """
from dataclasses import replace
def decode(line):
    if line.text.startswith("h"):
        return None
    if line.text.startswith("d"):
        return [replace(line, text=line.text + end) for end in "12"]
    line.text = line.text.upper()
    return line
"""
WORDS = st.sampled_from(["a", "b", "h", "d"])
EVENTS = st.lists(
    st.tuples(st.sampled_from(["line", "prompt", "prompt", "typed"]), WORDS)
    | st.tuples(st.sampled_from(["grows", "ends", "ends", "turn", "turn", "turn"]), WORDS),
    max_size=25,
)


def decoded(line: Line) -> list[str]:
    """What `CODE` makes of `line`, if it is decoded at all."""
    if line.direction is not Direction.RX or line.flags & Flag.PARTIAL:
        return [line.text]
    if line.text.startswith("h"):
        return []
    return [line.text + end for end in "12"] if line.text.startswith("d") else [line.text.upper()]


def rx(text: str, flags: Flag = Flag.NONE) -> Line:
    return Line(text.encode(), text, 1, 1, flags=flags)


def shown(decoding: Decoding) -> list[str]:
    return [line.text for line in decoding.ring.since(0)]


async def live_through(events: list[tuple[str, str]], folder: Path) -> tuple[list[str], list[str]]:
    """What is shown after `events`, and what should be."""
    source = Ring()
    decoding = Decoding(source, folder)
    await decoding.use("bus")
    await until(lambda: decoding.ring is not source, "in force")
    prompt: str | None = None

    def expected() -> list[str]:
        return [text for line in source.since(0) for text in decoded(line)]

    for number, (event, word) in enumerate(events):
        text = f"{word}{number}"
        match event:
            case "line":
                source.append(rx(text))
                prompt = None
            case "typed":
                source.append(Line(b"", text, 1, 1, direction=Direction.TX))
                prompt = None
            case "prompt":
                source.append(rx(text, Flag.PARTIAL))
                prompt = text
            case "grows" | "ends" if prompt is not None:
                prompt += "."
                source.replace_last(rx(prompt, Flag.NONE if event == "ends" else Flag.PARTIAL))
                prompt = prompt if event == "grows" else None
            case "turn":
                await until(lambda: shown(decoding) == expected(), "what should be")
    source.append(rx("end"))
    await until(lambda: shown(decoding)[-1:] == ["END"], "the end")
    found = shown(decoding)
    await decoding.stop()
    return found, expected()


@settings(max_examples=30, deadline=None)
@given(EVENTS)
def test_every_line_is_shown_once_and_in_its_place(events: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bus.py").write_text(CODE)
        found, expected = asyncio.run(live_through(events, Path(folder)))
    assert found == expected


async def test_an_unfinished_line_is_shown_as_it_came_until_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "bus.py").write_text(CODE)
    source = Ring()
    decoding = Decoding(source, tmp_path)
    await decoding.use("bus")
    await until(lambda: decoding.ring is not source, "in force")
    source.append(rx("log", Flag.PARTIAL))
    await until(lambda: shown(decoding) == ["log"], "the prompt")
    assert decoding.ring[0].flags is Flag.PARTIAL
    source.replace_last(rx("login: ", Flag.PARTIAL))
    await until(lambda: shown(decoding) == ["login: "], "more of it")
    source.replace_last(rx("login: root"))
    await until(lambda: shown(decoding) == ["LOGIN: ROOT"], "the whole line")
    source.append(rx("hid", Flag.PARTIAL))
    await until(lambda: shown(decoding) == ["LOGIN: ROOT", "hid"], "another prompt")
    revision, cost = decoding.ring.revision, decoding.ring.bytes
    source.replace_last(rx("hidden"))
    await until(lambda: shown(decoding) == ["LOGIN: ROOT"], "hidden when whole")
    assert decoding.ring.replaced_since(revision) == decoding.ring.next_seq == 1
    assert decoding.ring.bytes == decoding.ring[0].cost < cost
    await decoding.stop()


async def test_lines_of_two_devices_grow_in_their_places(tmp_path: Path) -> None:
    (tmp_path / "bus.py").write_text(CODE)
    rings = {"a": Ring(), "b": Ring()}
    merge = Merge(rings)
    await merge.start()
    decoding = Decoding(merge.ring, tmp_path)
    await decoding.use("bus")
    await until(lambda: decoding.ring is not merge.ring, "in force")
    rings["a"].append(rx("log", Flag.PARTIAL))
    rings["b"].append(rx("hid", Flag.PARTIAL))
    rings["a"].replace_last(rx("login", Flag.PARTIAL))
    rings["b"].append(rx("b"))
    await until(lambda: shown(decoding) == ["login", "hid", "B"], "two prompts")
    rings["a"].replace_last(rx("login:"))
    rings["b"].append(rx("c"))
    await until(lambda: shown(decoding) == ["LOGIN:", "hid", "B", "C"], "one of them whole")
    merge.stop()
    await decoding.stop()
