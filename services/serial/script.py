"""Steps that wait for what a device says and answer it, and where one stands in them. No I/O here.

Scripts and macros are made of them; a script is a TOML document, of which this has the form.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from opsterm.services.lines import Direction, Flag, Ring
from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.escapes import BadInputError, parse_hex

DEFAULT_SECONDS = 10.0

_STEP_KEYS = frozenset({"wait", "fail", "timeout", "pause", "send", "hex"})


class BadScriptError(BadSettingError):
    """A script that cannot be run; the message names the step and the key."""


@dataclass(frozen=True, slots=True)
class Break:
    """Send BREAK for so long."""

    seconds: float = 0.25


@dataclass(frozen=True, slots=True)
class Switch:
    """Switch a line beside the data, `dtr` or `rts`."""

    name: str
    on: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Wait until `wait` is found in what came in, no longer than `timeout`; rest for `pause`; then send `send`, or
    `act` beside the data.

    Both times are in seconds. Where `fail` is found first, the script has failed. All but `timeout` may be missing.
    """

    wait: re.Pattern[str] | None = None
    fail: re.Pattern[str] | None = None
    timeout: float = DEFAULT_SECONDS
    pause: float = 0.0
    send: str | bytes | None = None
    """Text is sent with the line ending that is set, bytes as well, unless `bare`."""
    bare: bool = False
    act: Break | Switch | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send this for step `number`, within `timeout` seconds; when it has left, ask again."""

    data: str | bytes
    number: int
    timeout: float
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Do:
    """Do this beside the data, for step `number`; then ask again."""

    act: Break | Switch
    number: int


@dataclass(frozen=True, slots=True)
class Until:
    """Ask again when something came in, and at this time at the latest."""

    deadline: float


@dataclass(frozen=True, slots=True)
class Done:
    """All steps are done."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The script ends here, and why."""

    reason: str


Action = Send | Do | Until | Done | Failed


def parse_script(text: str) -> tuple[Step, ...]:
    """The steps of a TOML document: a table `[[step]]` each, and `timeout` for all. Raises BadScriptError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadScriptError(f"{error}.") from None
    seconds = _seconds(raw, "timeout", DEFAULT_SECONDS, "")
    tables = raw.get("step")
    if unknown := raw.keys() - {"timeout", "step"}:
        raise BadScriptError(f"Unknown key '{min(unknown)}': timeout or [[step]].")
    if not isinstance(tables, list) or not tables:
        raise BadScriptError("No steps: each is a table [[step]].")
    return tuple(_step(table, number, seconds) for number, table in enumerate(tables, 1))


class Run:
    """Where a script stands. `next` is asked again and again, with what has come in by then."""

    def __init__(self, steps: tuple[Step, ...], ring: Ring) -> None:
        self._steps = steps
        self._ring = ring
        self._index = 0
        self._began: float | None = None  # the wait or the pause that goes on
        self._found = False
        self._seq = ring.next_seq  # what came before this line is of no interest any more
        self._offset = 0  # in the text of that line

    def next(self, now: float) -> Action:
        """What to do at `now`, in seconds of any steady clock."""
        while self._index < len(self._steps):
            step = self._steps[self._index]
            if self._began is None:
                self._began = now
            if step.wait is not None and not self._found:
                if bad := self._search(step):
                    return Failed(f"Step {self._index + 1} failed: {bad}")
                if not self._found:
                    if now < self._began + step.timeout:
                        return Until(self._began + step.timeout)
                    return Failed(f"Step {self._index + 1}: no '{step.wait.pattern}' within {step.timeout:g} s.")
                self._began = now
            if now < self._began + step.pause:
                return Until(self._began + step.pause)
            self._index += 1
            self._began = None
            self._found = False
            if step.send is not None:
                return Send(step.send, self._index, step.timeout, step.bare)
            if step.act is not None:
                return Do(step.act, self._index)
        return Done()

    def _search(self, step: Step) -> str:
        """Set whether the step has found what it waits for; returns the text in which it has failed instead."""
        assert step.wait is not None
        for line in self._ring.since(self._seq):
            if line.seq > self._seq:
                self._seq, self._offset = line.seq, 0
            if line.direction is not Direction.RX:
                continue
            found = step.wait.search(line.text, self._offset)
            fault = step.fail.search(line.text, self._offset) if step.fail else None
            if fault is not None and (found is None or fault.start() < found.start()):
                return line.text
            if found is not None:
                self._found = True
                self._offset = found.end()
                return ""
            if not line.flags & Flag.PARTIAL:
                self._offset = len(line.text)
        return ""


def _step(table: Any, number: int, seconds: float) -> Step:
    where = f"Step {number}: "
    if not isinstance(table, dict):
        raise BadScriptError(f"{where}not a table.")
    if unknown := table.keys() - _STEP_KEYS:
        raise BadScriptError(f"{where}unknown key '{min(unknown)}': {', '.join(sorted(_STEP_KEYS))}.")
    if "send" in table and "hex" in table:
        raise BadScriptError(f"{where}send or hex, not both.")
    if "fail" in table and "wait" not in table:
        raise BadScriptError(f"{where}fail goes with wait.")
    if not table.keys() - {"timeout"}:
        raise BadScriptError(f"{where}nothing to do.")
    send: str | bytes | None = _text(table, "send", where)
    if (digits := _text(table, "hex", where)) is not None:
        try:
            send = parse_hex(digits)
        except BadInputError as error:
            raise BadScriptError(f"{where}{error.reason.removeprefix('Not sent: ')}") from None
    return Step(
        wait=_pattern(table, "wait", where),
        fail=_pattern(table, "fail", where),
        timeout=_seconds(table, "timeout", seconds, where),
        pause=_seconds(table, "pause", 0.0, where),
        send=send,
    )


def _text(table: dict[str, Any], key: str, where: str) -> str | None:
    value = table.get(key)
    if value is not None and (not isinstance(value, str) or "\n" in value):
        raise BadScriptError(f"{where}{key} takes one line of text.")
    return value


def _pattern(table: dict[str, Any], key: str, where: str) -> re.Pattern[str] | None:
    text = _text(table, key, where)
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise BadScriptError(
            f"{where}{key} is no pattern: {error.msg} at character {(error.pos or 0) + 1}."
        ) from None


def _seconds(table: dict[str, Any], key: str, default: float, where: str) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise BadScriptError(f"{where}{key} takes seconds.")
    return float(value)
