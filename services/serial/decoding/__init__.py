"""Decoders: what a line means, by code that can be changed while lines come in.

A decoder is a Python file with

    def decode(line: Line) -> Line | list[Line] | None

It returns other lines, or the same one, changed or not; None hides it. `Line`, `Level`, `Flag` and `Direction` of
`opsterm.services.lines` are there without an import. Only received lines that have their ending are decoded. What a
file keeps in its variables lives until it is saved again.

`Decoding` shows a ring decoded. Each version of a file runs in a process of its own (`child.py`): what hangs there,
even in a regular expression, holds up nobody here, and can be ended.
"""

from __future__ import annotations

from opsterm.services.serial.decoding.decoding import Decoding

__all__ = ["Decoding"]
