"""What can go wrong with a cluster, as types.

Each error has a `reason` (what failed and why) and a `hint` (what to do next): one line of safe text each.
"""

from __future__ import annotations

from opsterm.services.text import clean

_MOST = 300


def one_line(text: str) -> str:
    """Foreign `text` as one short line of safe text."""
    line = clean(" ".join(text.split()))
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"


class KubeError(Exception):
    """Any failure of this package; its text is the reason and the hint."""

    def __init__(self, reason: str, hint: str = "") -> None:
        self.reason = one_line(reason)
        self.hint = one_line(hint)
        super().__init__(f"{self.reason} {self.hint}".strip())


class NoConfigError(KubeError):
    """There is no kubeconfig, and this is no pod that could use its service account."""

    def __init__(self, looked: str) -> None:
        super().__init__(f"No kubeconfig: looked at {looked}.", "It is picked up by itself when it appears.")


class BadConfigError(KubeError):
    """A kubeconfig that cannot be used. `line` counts from 1 and is 0 where unknown; `field` is a path in it."""

    def __init__(self, file: str, why: str, line: int = 0, field: str = "", hint: str = "") -> None:
        self.file, self.line, self.field, self.why = file, line, field, why
        where = file + (f" line {line}" if line else "") + (f", {field}" if field else "")
        super().__init__(f"{where}: {why}.", hint)


class LoginError(KubeError):
    """A credential could not be had: the login program failed, or a certificate or token cannot be read."""


class LoginExpiredError(KubeError):
    """The server answered 401 to fresh credentials too."""

    def __init__(self, where: str) -> None:
        super().__init__(f"401 from {where}: login expired.", "Log in again, then try again.")


class UnreachableError(KubeError):
    """No answer from the server: name, network, TLS, proxy or time."""

    def __init__(self, where: str, why: str, hint: str = "") -> None:
        self.why = why
        super().__init__(f"{where} unreachable: {why}.", hint)


class ApiError(KubeError):
    """Any other answer that is no success; `status` is that of HTTP."""

    def __init__(self, status: int, message: str, reason: str = "", hint: str = "") -> None:
        self.status = status
        self.message = one_line(message)
        super().__init__(reason or f"{status}: {self.message}", hint)


class ForbiddenError(ApiError):
    """403: `user` may not `verb` the `resource` in `namespace` (empty: in the whole cluster)."""

    def __init__(self, message: str, verb: str, resource: str, namespace: str, user: str) -> None:
        self.verb, self.resource, self.namespace, self.user = verb, resource, namespace, user
        place = f"in {namespace}" if namespace else "in the whole cluster"
        super().__init__(403, message, f"403: {user or 'this user'} may not {verb} {resource} {place}.")


class NotFoundError(ApiError):
    """404: there is no such object (any more)."""


class GoneError(ApiError):
    """410: the resource version or list position asked for is too old; list again."""


class ThrottledError(ApiError):
    """429: asked too often; `retry_after` seconds were asked for."""

    def __init__(self, message: str, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__(429, message, f"429: throttled by the server, next try in {retry_after:g} s.")
