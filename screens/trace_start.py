"""What the Traces tab says while nothing has come yet: the one line that sends traces here."""

from __future__ import annotations

from textual.content import Content

from opsterm.services.service import State

_SPOTLIGHT_PORT = 8969
"""Where SDKs send what they are to send to Spotlight, if no address is given."""


def nothing_yet(state: State, port: int, dsn: str) -> Content:
    """How to begin, or that it has begun, or what to do where it cannot."""
    address = f"127.0.0.1:{port}"
    if state in (State.FAILED, State.LOST):
        return Content("Nothing can come: see above. r tries again, :listen 9000 takes another port.")
    lead = "No traces yet. Press t to listen on" if state is State.OFF else "No traces yet. Listening on"
    spotlight = "1" if port == _SPOTLIGHT_PORT else f"http://{address}/stream"
    return Content.assemble(
        (f"{lead} {address} (this machine only), then start your app with this line:\n\n", ""),
        (f"    SENTRY_DSN={dsn}", "bold"),
        ("          c copies it\n\n", "$foreground-muted"),
        (f"Already using Spotlight? SENTRY_SPOTLIGHT={spotlight} works too.", "$foreground-muted"),
    )
