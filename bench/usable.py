"""How long from the start until the first tab can be used, its list of ports shown; against an empty Textual app."""

from __future__ import annotations

from bench.first_paint import against_empty_app
from bench.harness import Result


def main() -> Result:
    """The port list, with its field to type into."""
    return against_empty_app("usable", b"DESCRIPTION")
