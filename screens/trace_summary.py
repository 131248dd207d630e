"""What stands above a waterfall: where the time went, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from opsterm.services.telemetry.analysis.findings import Finding
from opsterm.services.telemetry.analysis.shares import Shares
from opsterm.widgets.bar import Part

_LEAST = 0.005
"""A smaller share is not named."""


def shares_part(shares: Shares) -> Part:
    """The share of each kind, the largest first."""
    named = [(kind, share) for kind, share in shares.by_kind().items() if share >= _LEAST]
    words = "  ".join(f"{kind.value} {share:.0%}" for kind, share in named)
    return Part((("share  ", "$foreground-muted"), (words, "")), keep=5)


def finding_lines(found: Sequence[Finding], at: int) -> Content:
    """A line for each, that which is gone to in bold."""
    lines = []
    for index, each in enumerate(found):
        style = "$foreground-muted" if each.minor else "$warning"
        mark = "▌" if index == at else " "
        lines.append(
            Content.assemble(
                (f"{mark}{'≈' if each.minor else '▲'} ", style), (each.text, "bold" if index == at else "")
            )
        )
    return Content("\n").join(lines)
