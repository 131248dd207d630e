"""The words of one line as the view shows and copies them: stamp, prefix, text, and what is said after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from opsterm.services.lines import Direction, Flag, Line
from opsterm.widgets.line_view.stamps import Stamps, stamp_text

Prefix = Callable[[Line], Sequence[tuple[str, str]]]
"""Gives what stands between stamp and text: pairs of text and role, where a role is the name of one of the view's
component classes without its `line--` part. The space before the text belongs to it."""

NOT_SENT = "   not sent: link lost; ↑ brings it back"
_UNFINISHED = Flag.PARTIAL | Flag.CUT


def arrows(line: Line) -> Sequence[tuple[str, str]]:
    """The prefix of a serial line: `Rx <== `, `Tx ==> `, `Tx =X= ` or `--- `."""
    return ((f"{line.arrow} ", arrow_role(line)),)


def arrow_role(line: Line) -> str:
    """The role in which the arrow of `line` is drawn."""
    if line.flags & Flag.UNSENT:
        return "error"
    if line.flags & Flag.GAP:
        return "warning"
    if line.direction is Direction.NOTE:
        return "muted"
    return "tx" if line.direction is Direction.TX else "rx"


class Words(NamedTuple):
    """One line in its parts; `str` joins them."""

    stamp: str
    prefix: Sequence[tuple[str, str]]
    text: str
    """What the source said, with `…` where more may come."""
    remark: str = ""
    """What opsterm says of it."""

    @property
    def lead(self) -> str:
        """Stamp and prefix, which do not scroll sideways."""
        return self.stamp + "".join([text for text, _ in self.prefix])

    @property
    def body(self) -> str:
        """Text and remark."""
        return self.text + self.remark

    def __str__(self) -> str:
        return self.lead + self.body


def words(line: Line, prefix: Prefix, mode: Stamps, decimals: int = 6, before: Line | None = None) -> Words:
    """`line` in words. With the prefix `arrows` and full stamps this is `str(line)`, plus the remark on a line
    that did not leave.
    """
    return Words(stamp_text(line, mode, decimals, before), prefix(line), *body(line, line.text))


def body(line: Line, text: str) -> tuple[str, str]:
    """`text`, which is that of `line`, with `…` where more may come, and what opsterm says of it."""
    flags = line.flags
    if not flags:
        return text, ""
    return f"{text}…" if flags & _UNFINISHED else text, NOT_SENT if flags & Flag.UNSENT else ""
