"""What kind of work a span's operation is, after Sentry's list of span operations.

The list: https://getsentry.github.io/sentry-conventions/ops/ and https://develop.sentry.dev/sdk/telemetry/traces/span-operations/
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache


class Kind(Enum):
    """Where time goes. The value is the short word for it."""

    DATABASE = "db"
    """A database or a cache was asked."""
    HTTP = "http"
    """Another program was asked over the network."""
    TEMPLATE = "template"
    APP = "app"
    """The program's own code: a handler, a function, a middleware."""
    OTHER = "other"
    GAP = "gap"
    """Nothing was told: not instrumented."""


_KINDS = {
    "db": Kind.DATABASE,
    "cache": Kind.DATABASE,
    "redis": Kind.DATABASE,
    "mongodb": Kind.DATABASE,
    "http": Kind.HTTP,
    "http.server": Kind.APP,
    "grpc": Kind.HTTP,
    "grpc.server": Kind.APP,
    "template": Kind.TEMPLATE,
    "view": Kind.APP,
    "view.render": Kind.TEMPLATE,
    "view.response.render": Kind.TEMPLATE,
    "": Kind.APP,
    "default": Kind.APP,
    "function": Kind.APP,
    "middleware": Kind.APP,
    "event": Kind.APP,
    "task": Kind.APP,
    "queue.process": Kind.APP,
    "queue.task": Kind.APP,
    "websocket.server": Kind.APP,
    "mcp.server": Kind.APP,
    "asgi.server": Kind.APP,
    "rpc": Kind.APP,
    "graphql": Kind.APP,
}
"""An operation is what its longest beginning is here, whole words between dots: `db.sql.query` is `db`."""


@lru_cache(maxsize=1024)
def kind_of(op: str) -> Kind:
    """The kind of the operation `op`; never `GAP`."""
    words = op.casefold().split(".")
    for length in range(len(words), 0, -1):
        kind = _KINDS.get(".".join(words[:length]))
        if kind is not None:
            return kind
    return Kind.OTHER


@lru_cache(maxsize=1024)
def is_query(op: str) -> bool:
    """Whether `op` asks a database something in its own language: no cache, no connecting, no fetching."""
    words = op.casefold().split(".")
    return words[0] == "db" and (
        len(words) < 2 or words[1] not in ("redis", "connection", "connect", "cursor", "transaction")
    )
