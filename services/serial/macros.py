"""Macros: named lines to send, with what to wait for between them.

What a macro sends is a text or a list of them; each becomes a line, with the ending that is set but for hex, which
says every byte that is meant. In a text

    ${delay 100}        rests for so many milliseconds
    ${wait /OK/ 2s}     waits until the pattern comes in, at most so long (`500ms`, `2s`; 10 s where it is not said)
    ${break}            sends BREAK; `${break 500}` for so many milliseconds
    ${dtr 0}, ${rts 1}  switches a line off or on

and what stands before and after such a command, but for blanks next to it, is a line of its own. `$${` is `${` as it
is. Filled in when it is played: `{1}` to `{9}` what is given with the name, `{port}` the port, `{date}` and `{time}`
as `2020-08-31` and `10:44:50`; `{{1}}` is `{1}` as it is, and all other braces are, too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.escapes import parse_escapes, parse_hex
from opsterm.services.serial.script import Break, Step, Switch

KEYS = tuple(f"F{number}" for number in range(7, 13))
"""Keys that a macro may have."""

_FIELD = re.compile(r"\{\{(?P<literal>[1-9]|port|date|time)\}\}|\{(?P<name>[1-9]|port|date|time)\}")
_DELAY = re.compile(r"delay (\d{1,7})")
_WAIT = re.compile(r"wait /((?:\\.|[^/\\])+)/(?: (\d{1,7}(?:\.\d{1,3})?)(ms|s))?")
_BREAK = re.compile(r"break(?: (\d{1,5}))?")
_SWITCH = re.compile(r"(dtr|rts) ([01])")


class BadMacroError(BadSettingError):
    """A macro that cannot be played, or not with what was given; the message names the macro and the key."""


class Mode(Enum):
    """How the texts of a macro are read; the value is the word by which that is chosen."""

    TEXT = "text"
    ESCAPES = "escapes"
    HEX = "hex"


@dataclass(frozen=True, slots=True)
class Macro:
    """A name, the `key` that plays it (may be empty), and what it does: texts to send, and steps between them.

    `every_ms` is after how many milliseconds it is played again, 0 for not at all.
    """

    name: str
    parts: tuple[str | Step, ...]
    mode: Mode = Mode.TEXT
    key: str = ""
    every_ms: int = 0

    @property
    def parameters(self) -> int:
        """How many words it takes: the highest of `{1}` to `{9}` that it has."""
        texts = (part for part in self.parts if isinstance(part, str))
        names = (found["name"] or "" for text in texts for found in _FIELD.finditer(text))
        return max((int(name) for name in names if name.isdigit()), default=0)

    def steps(self, words: Sequence[str] = (), port: str = "", encoding: str = "utf-8") -> tuple[Step, ...]:
        """What to do now, with `words` for `{1}` and so on. Raises BadSettingError."""
        self.check(words)
        now = time.localtime()
        values = {str(number): word for number, word in enumerate(words, 1)}
        values |= {"port": port, "date": time.strftime("%Y-%m-%d", now), "time": time.strftime("%H:%M:%S", now)}
        return tuple(
            part
            if isinstance(part, Step)
            else Step(send=_read(_filled(part, values), self.mode, encoding), bare=self.mode is Mode.HEX)
            for part in self.parts
        )

    def check(self, words: Sequence[str]) -> None:
        """Raises BadMacroError where these are too few or too many `words`."""
        if len(words) != self.parameters:
            takes = f"{self.parameters} parameter{'' if self.parameters == 1 else 's'}"
            raise BadMacroError(f"{self.name} takes {takes}, not {len(words)}.")


def parse_texts(texts: Sequence[str], mode: Mode) -> tuple[str | Step, ...]:
    """The parts of a macro that sends `texts`. Raises BadSettingError."""
    return tuple(part for text in texts for part in _parts(text, mode))


def _parts(text: str, mode: Mode) -> Iterator[str | Step]:
    if "\n" in text or "\r" in text:
        raise BadMacroError("one line of text each; a list has several.")
    plain, has_command, rest = "", False, text
    while "${" in rest:
        before, _, rest = rest.partition("${")
        plain += before
        if before.endswith("$"):
            plain += "{"
            continue
        if plain := (plain.strip() if has_command else plain.rstrip()):
            yield _checked(plain, mode)
        plain, has_command = "", True
        step, rest = _command(rest)
        yield step
    plain += rest
    if not has_command or (plain := plain.lstrip()):
        yield _checked(plain, mode)


def _command(text: str) -> tuple[Step, str]:
    """The step that stands at the beginning of `text`, after `${`, and what follows it."""
    for pattern in (_DELAY, _WAIT, _BREAK, _SWITCH):
        if (found := pattern.match(text)) and text[found.end() :].startswith("}"):
            return _step(found), text[found.end() + 1 :]
    wrong = text.partition("}")[0]
    raise BadMacroError(
        f"'${{{wrong}}}' is none of ${{delay 100}}, ${{wait /OK/ 2s}}, ${{break}}, ${{dtr 0}}, ${{rts 1}}."
    )


def _step(found: re.Match[str]) -> Step:
    if found.re is _DELAY:
        return Step(pause=int(found[1]) / 1000)
    if found.re is _BREAK:
        return Step(act=Break(int(found[1]) / 1000) if found[1] else Break())
    if found.re is _SWITCH:
        return Step(act=Switch(found[1], found[2] == "1"))
    try:
        pattern = re.compile(found[1])
    except re.error as error:
        raise BadMacroError(f"/{found[1]}/ is no pattern: {error.msg}.") from None
    if not found[2]:
        return Step(wait=pattern)
    return Step(wait=pattern, timeout=float(found[2]) / (1000 if found[3] == "ms" else 1))


def _checked(text: str, mode: Mode) -> str:
    if not _FIELD.search(text):
        _read(text, mode, "utf-8")
    return text


def _filled(text: str, values: dict[str, str]) -> str:
    return _FIELD.sub(lambda found: f"{{{found['literal']}}}" if found["literal"] else values[found["name"]], text)


def _read(text: str, mode: Mode, encoding: str) -> str | bytes:
    if mode is Mode.HEX:
        return parse_hex(text)
    return parse_escapes(text, encoding) if mode is Mode.ESCAPES else text
