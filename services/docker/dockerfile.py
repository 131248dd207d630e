"""Reading a Dockerfile: instructions with their lines, stages, bases, and the errors that can be told at once.

Follows the reference of the Dockerfile format (directives, comments, continuation lines, here-documents). It reads
what a build would run and where each step stands in the file; it does not expand or run anything.
"""

from __future__ import annotations

import difflib
import re
import shlex
from dataclasses import dataclass

from opsterm.services.docker.errors import BadDockerfileError
from opsterm.services.text import clean

STEPS = frozenset({"ADD", "COPY", "RUN", "WORKDIR"})
"""Instructions that are a step of the build; the others only change the image's configuration."""
WORDS = STEPS | {"ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD"}
WORDS |= {"SHELL", "STOPSIGNAL", "USER", "VOLUME"}

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][\w-]*)\s*=\s*(.+?)\s*$")
_HEREDOC = re.compile(r"\d*<<(-?)([^<]+)$")
_FROM = re.compile(r"(?:--\S+\s+)*(?P<base>\S+)(?:\s+[Aa][Ss]\s+(?P<name>\S+))?\s*$")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: `line` counts from 1, `word` is in capitals, `args` has its continuation lines joined."""

    line: int
    word: str
    args: str

    def __str__(self) -> str:
        return f"{self.word} {self.args}"


@dataclass(frozen=True, slots=True)
class Stage:
    """From one FROM to the next. `base` has the defaults of ARG filled in; `local` means an earlier stage."""

    index: int
    name: str
    base: str
    local: bool
    instructions: tuple[Instruction, ...]

    @property
    def steps(self) -> tuple[Instruction, ...]:
        """What BuildKit counts as `[stage 2/5]`: the base, unless it is a stage or `scratch`, and every step."""
        counted = self.instructions[1:] if self.local or self.base == "scratch" else self.instructions
        return tuple(one for one in counted if one.word in STEPS or one.word == "FROM")


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A parsed file."""

    lines: int
    instructions: tuple[Instruction, ...]
    stages: tuple[Stage, ...]

    @property
    def bases(self) -> tuple[str, ...]:
        """Images that the build starts from, in order, each once."""
        return tuple(
            dict.fromkeys(stage.base for stage in self.stages if not stage.local and stage.base != "scratch")
        )

    def step(self, stage: str, number: int) -> Instruction | None:
        """The instruction that BuildKit calls `[stage number/n]`; an empty `stage` is the only or the last one."""
        for one in reversed(self.stages):
            if stage in ("", one.name, f"stage-{one.index}") and 0 < number <= len(one.steps):
                return one.steps[number - 1]
        return None


def parse(source: str) -> Dockerfile:
    """Read the text of a Dockerfile. Raises BadDockerfileError."""
    lines = source.removeprefix("\ufeff").splitlines()
    instructions = tuple(_instructions(lines, _escape(lines)))
    if not instructions:
        raise BadDockerfileError("the file is empty")
    return Dockerfile(len(lines), instructions, tuple(_stages(instructions)))


def _escape(lines: list[str]) -> str:
    """The continuation character: a backslash, unless a directive in the first lines names the backtick."""
    for line in lines:
        found = _DIRECTIVE.match(line.strip())
        if not found:
            break
        if found[1].lower() == "escape":
            return found[2]
    return "\\"


def _instructions(lines: list[str], escape: str) -> list[Instruction]:
    continued = re.compile(rf"{re.escape(escape)}[ \t]*$")
    found: list[Instruction] = []
    at = 0
    while at < len(lines):
        first, text = at, lines[at].strip()
        at += 1
        if not text or text.startswith("#"):
            continue
        while continued.search(text) and at < len(lines):
            more = lines[at]
            at += 1
            # Comments, and against the reference also empty lines, may stand between the parts of an instruction.
            if more.strip() and not more.lstrip().startswith("#"):
                text = continued.sub("", text) + more.rstrip()
        one = _instruction(first + 1, continued.sub("", text).strip())
        for dash, end in _heredocs(one):
            at = _skip(lines, at, dash, end, first + 1)
        found.append(one)
    return found


def _instruction(line: int, text: str) -> Instruction:
    head, _, args = text.partition(" ") if " " in text else text.partition("\t")
    word = head.upper()
    if word not in WORDS:
        near = difflib.get_close_matches(word, WORDS, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise BadDockerfileError(f"unknown instruction {clean(head)[:40]}{hint}", line)
    if not args.strip():
        raise BadDockerfileError(f"{word} needs an argument", line)
    return Instruction(line, word, args.strip())


def _heredocs(one: Instruction) -> list[tuple[bool, str]]:
    """The here-documents that an instruction opens: whether tabs before the end are allowed, and the end."""
    if one.word not in ("ADD", "COPY", "RUN") or "<<" not in one.args:
        return []
    try:
        words = shlex.split(one.args, posix=False)
    except ValueError:
        return []
    return [(found[1] == "-", found[2].strip("\"'")) for word in words if (found := _HEREDOC.fullmatch(word))]


def _skip(lines: list[str], at: int, dash: bool, end: str, opened: int) -> int:
    """The position after the line that closes a here-document."""
    while at < len(lines):
        line = lines[at].lstrip("\t") if dash else lines[at]
        at += 1
        if line == end:
            return at
    raise BadDockerfileError(f"here-document without its end {clean(end)[:40]}", opened)


def _stages(instructions: tuple[Instruction, ...]) -> list[Stage]:
    starts = [at for at, one in enumerate(instructions) if one.word == "FROM"]
    if not starts:
        raise BadDockerfileError("no FROM in the file")
    known: dict[str, str] = {}
    for one in instructions[: starts[0]]:
        if one.word != "ARG":
            raise BadDockerfileError(f"{one.word} before the first FROM", one.line)
        for part in one.args.split():
            name, _, value = part.partition("=")
            known[name] = value.strip("\"'")
    stages: list[Stage] = []
    for index, (start, end) in enumerate(zip(starts, [*starts[1:], len(instructions)], strict=True)):
        one = instructions[start]
        found = _FROM.fullmatch(one.args)
        if not found:
            raise BadDockerfileError("FROM takes an image and, after AS, a name", one.line)
        base = _fill(found["base"], known)
        local = any(base.lower() == stage.name for stage in stages)
        stages.append(Stage(index, (found["name"] or "").lower(), base, local, instructions[start:end]))
    return stages


def _fill(text: str, known: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1] or found[3]) or found[2] or "", text)
