"""The three forms of a capture file, each as what turns lines into the bytes that are appended."""

from __future__ import annotations

import os
from enum import Enum
from typing import Protocol

from opsterm.services.lines import Line
from opsterm.services.serial.records import to_json


class Form(Enum):
    """What a capture file holds; the values are the endings of file names that choose it."""

    PLAIN = (".txt", ".log")
    """The lines as the screen shows them."""
    RAW = (".bin", ".raw")
    """The bytes that came in and nothing else."""
    JSON = (".jsonl", ".json")
    """One object a line; see `records.Record`."""

    @classmethod
    def of(cls, path: str) -> Form:
        """The form that the name of the file asks for; the screen's where it asks for none."""
        ending = os.path.splitext(path)[1].lower()
        return next((form for form in cls if ending in form.value), cls.PLAIN)

    def renderer(self) -> Renderer:
        """A new renderer for one file of this form."""
        match self:
            case Form.RAW:
                return RawRenderer()
            case Form.JSON:
                return JsonRenderer()
            case Form.PLAIN:
                return PlainRenderer()


class Renderer(Protocol):
    """Turns lines into bytes. A line that may still grow is given again when it has, with nothing in between."""

    @property
    def growing(self) -> bool:
        """Whether the last line given may still grow; the file should not be changed for another meanwhile."""

    def render(self, line: Line, growing: bool) -> bytes:
        """The bytes to append for `line`."""

    def restart(self) -> None:
        """Forget the last line: what comes next stands in another file, or after something was lost."""


class RawRenderer:
    """The bytes of a line as they are."""

    growing = False

    def render(self, line: Line, growing: bool) -> bytes:  # noqa: ARG002  bytes never change any more
        """The bytes."""
        return line.raw

    def restart(self) -> None:
        """Nothing to forget."""


class JsonRenderer:
    """One record a line; a line that has grown gets another record, which says that it replaces the one before."""

    def __init__(self) -> None:
        self.growing = False

    def render(self, line: Line, growing: bool) -> bytes:
        """The record and a newline."""
        data = to_json(line, replaces=self.growing)
        self.growing = growing
        return data + b"\n"

    def restart(self) -> None:
        """Let the next record replace nothing."""
        self.growing = False


class PlainRenderer:
    """One row a line; a row that grows is left open, and what it has grown by is appended to it."""

    def __init__(self) -> None:
        self._row = ""  # what stands in the open row

    @property
    def growing(self) -> bool:
        """Whether the row is open."""
        return bool(self._row)

    def render(self, line: Line, growing: bool) -> bytes:
        """The row, or the rest of it."""
        row, written = str(line), self._row
        if growing:
            row = row.removesuffix("…")
        out = ""
        if written and not row.startswith(written):
            out, written = "…\n", ""  # it reads otherwise now that more of it is there
        out += row[len(written) :]
        self._row = row if growing else ""
        return (out if growing else f"{out}\n").encode()

    def restart(self) -> None:
        """Begin a row."""
        self._row = ""
