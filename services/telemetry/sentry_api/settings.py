"""Which organisation of which server is read, and with which token."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from opsterm.services.telemetry.sentry_api.errors import SCOPES, BadSettingError, NoTokenError

SENTRY = "https://sentry.io"
TOKEN = "SENTRY_AUTH_TOKEN"  # noqa: S105  the name of a variable


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The server, the organisation by its short name (empty: the only one that the token sees), and the token.

    `region` is the server of the organisation's data; empty asks for it. Times are seconds.
    """

    token: str = field(repr=False)
    organization: str = ""
    base: str = SENTRY
    region: str = ""
    timeout: float = 20.0

    def __post_init__(self) -> None:
        if not self.token:
            raise NoTokenError("No token for Sentry.", f"Give a user token with {SCOPES} in {TOKEN}.")
        if "://" in self.token:
            raise NoTokenError(
                "This is a DSN, not a token: with a DSN a program can only send.",
                f"Give a user token with {SCOPES} in {TOKEN}.",
            )
        if not (self.token.isascii() and self.token.isprintable()) or " " in self.token:
            raise NoTokenError(f"The token in {TOKEN} has characters that no token has.", "Copy it once more.")
        for name, url in (("server", self.base), ("region", self.region)):
            if url or name == "server":
                _check(url, name)
        if self.organization and not self.organization.replace("-", "").replace("_", "").isalnum():
            raise BadSettingError(f"No organisation is called {self.organization!r}.", "Its short name is meant.")

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> ApiSettings:
        """By SENTRY_AUTH_TOKEN, SENTRY_URL and SENTRY_ORG, as for Sentry's own tools. Raises BadSettingError."""
        return cls(
            token=environment.get(TOKEN, "").strip(),
            organization=environment.get("SENTRY_ORG", "").strip(),
            base=(environment.get("SENTRY_URL", "").strip() or SENTRY).rstrip("/"),
        )


def host_of(url: str) -> str:
    """Name of a server, with its port where it has one."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""


def _check(url: str, what: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.username or parts.password)
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise BadSettingError(f"The address of the {what} is none.", f"It looks like {SENTRY}, without a password.")
