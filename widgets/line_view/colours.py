"""The roles in which lines are drawn, and their colours: theme variables, and a palette for the sources."""

from __future__ import annotations

SOURCES = 12
"""Colours for sources; `source-1` to `source-12` are their roles."""
_DARK = (
    *("#6CB6FF", "#F0A04B", "#6CC76C", "#F38BC5", "#E0C94A", "#4FC9B8"),
    *("#B79CFF", "#FF8A75", "#A8D94E", "#56C8EA", "#D2B48C", "#D895E8"),
)
_LIGHT = (
    *("#0B5BB5", "#964800", "#176B17", "#B0187A", "#6E5A00", "#006B61"),
    *("#6B3FD4", "#AE2E1C", "#466800", "#00658A", "#7A5A2A", "#8E2FA3"),
)

ROLES = (
    *(
        "text",
        "stamp",
        "rx",
        "tx",
        "muted",
        "debug",
        "warning",
        "error",
        "match",
        "filter",
        "cursor",
        "chosen",
        "mark",
    ),
    *(f"source-{number}" for number in range(1, SOURCES + 1)),
)


def _palette(colours: tuple[str, ...]) -> str:
    return "".join(f"& > .line--source-{slot} {{ color: {colour}; }}\n" for slot, colour in enumerate(colours, 1))


# The palette keeps 4.5:1 on the backgrounds of both default themes.
CSS = f"""
LinePane {{
    background: $background;
    color: $foreground;
    overflow-x: hidden;
    overflow-y: auto;
    scrollbar-gutter: stable;
    scrollbar-size-vertical: 1;
    & > .line--stamp, & > .line--muted, & > .line--debug {{ color: $foreground-muted; }}
    & > .line--tx, & > .line--mark, & > .line--filter {{ color: $accent; }}
    & > .line--warning {{ color: $warning; }}
    & > .line--error {{ color: $error; }}
    & > .line--match {{ color: $accent; text-style: reverse; }}
    & > .line--cursor {{ background: $block-cursor-background; color: $block-cursor-foreground; }}
    & > .line--chosen {{ background: $screen-selection-background; }}
    {_palette(_DARK)}
    &:light {{ {_palette(_LIGHT)} }}
    &:nocolor {{
        & > .line--stamp, & > .line--muted, & > .line--debug {{ text-style: dim; }}
        & > .line--error, & > .line--cursor {{ text-style: bold; }}
        & > .line--filter, & > .line--chosen {{ text-style: reverse; }}
    }}
}}
"""
