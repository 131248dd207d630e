"""How a service is, in the words of the frame: the state in row 2, and the band while something is wrong."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from opsterm.screens.tabs import GLYPHS, ROLES
from opsterm.services.service import State, Status
from opsterm.widgets.bar import Part, part
from opsterm.widgets.words import clock


def state_part(status: Status, words: Mapping[State, str]) -> Part:
    """Glyph, word and age."""
    runs = [(GLYPHS[status.state], ROLES[status.state]), (f" {words[status.state]}", "")]
    if status.state in (State.LIVE, State.LOST, State.DEGRADED):
        runs.append((f" {clock(time.monotonic() - status.since)}", "$foreground-muted"))
    return Part(tuple(runs), keep=9)


def band_key(key: str, word: str, part_id: str) -> Part:
    """A key that helps, clickable."""
    return Part(((key, "bold $footer-key-foreground"), (f" {word}", "")), id=part_id, keep=8)


def band_rows(status: Status, keys: Sequence[Part], width: int) -> list[tuple[list[Part], list[Part]]]:
    """What is wrong and what helps: no row while nothing is, one, or two where one of `width` is too short.

    Each row is its parts at the left and at the right.
    """
    if status.state not in (State.LOST, State.DEGRADED, State.FAILED) or not status.reason:
        return []
    cause = Part(((f"{GLYPHS[status.state]} ", ROLES[status.state]), (status.reason, "")), keep=9)
    hint = [part(status.hint, "$foreground-muted", keep=9)] if status.hint else []
    right = list(keys)
    if status.retry_at is not None:
        wait = max(0, round(status.retry_at - time.monotonic()))
        right.insert(0, part(f"next try in {wait} s", "$foreground-muted", keep=7))
    parts = [cause, *hint, *right]
    if sum(each.content.cell_length for each in parts) + 3 * len(parts) <= width:
        return [([cause, *hint], right)]
    return [([cause], []), ([Part((("  ", ""), *each.runs), keep=9) for each in hint], right)]
