"""What the Traces tab says while nothing has come yet: the one line that sends traces here."""

from __future__ import annotations

from textual.content import Content

from opsterm.services.service import State


def nothing_yet(state: State, address: str, dsn: str) -> Content:
    """How to begin, or that it has begun; `dsn` is the line's value, `address` where is or would be listened."""
    lead = "No traces yet. Press t to listen on" if state is State.OFF else "No traces yet. Listening on"
    return Content.assemble(
        (f"{lead} {address} (this machine only), then start your app with this line:\n\n", ""),
        (f"    SENTRY_DSN={dsn}", "bold"),
        ("          c copies it\n\n", "$foreground-muted"),
        ("Already using Spotlight? SENTRY_SPOTLIGHT=1 works too.", "$foreground-muted"),
    )
