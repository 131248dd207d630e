"""Where opsterm's reports go: a DSN, and whether it points back at opsterm."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

VARIABLE = "OPSTERM_SENTRY_DSN"
RECEIVER_PORT = 8969
"""Where opsterm itself receives what other programs report, unless it is told otherwise."""
HERE = ("localhost", "localhost.localdomain", "ip6-localhost")
"""Names of this machine that nobody needs to be asked for."""


class ReportsError(Exception):
    """Nothing can be reported; `reason` and `hint` are one line each and have no key in them."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason} {hint}".strip())
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Place:
    """Where reports go, of a DSN."""

    host: str
    port: int


def chosen_dsn(configured: str = "", environment: Mapping[str, str] = os.environ) -> str:
    """The DSN to report to: of OPSTERM_SENTRY_DSN, else the configured one. An empty variable switches off, too."""
    return environment.get(VARIABLE, configured).strip()


def place_of(dsn: str) -> Place:
    """Where a DSN points to (`https://KEY@HOST[:PORT]/[PATH/]PROJECT`). Raises ReportsError."""
    from urllib.parse import urlsplit  # noqa: PLC0415  only with a DSN

    try:
        parts = urlsplit(dsn)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
        parts = urlsplit("")
    project = parts.path.rpartition("/")[2]
    if parts.scheme not in ("http", "https") or not host or not parts.username or not project.isdecimal():
        raise ReportsError("This is no DSN: nothing is reported.", "A DSN looks like https://KEY@HOST/PROJECT.")
    return Place(host, port or (443 if parts.scheme == "https" else 80))


def is_here(host: str) -> bool:
    """Whether a name or address is this machine's. May ask the name server; may block."""
    import ipaddress  # noqa: PLC0415
    import socket  # noqa: PLC0415

    if host in HERE or host.endswith(".localhost") or host == socket.gethostname():
        return True
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    for each in found:
        address = ipaddress.ip_address(each.partition("%")[0])
        if address.is_loopback or address.is_unspecified:
            return True
        kind = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        with socket.socket(kind, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((each, 0))  # only an address of this machine can be bound
            except OSError:
                continue
            return True
    return False


def itself(place: Place) -> ReportsError:
    """The refusal to report to opsterm's own receiver: it would wait for itself."""
    return ReportsError(
        f"opsterm does not report to itself ({place.host}:{place.port}).",
        f"Give {VARIABLE} another server, or leave it out.",
    )
