"""What can go wrong with reading from Sentry: each error says what failed and why, and what to do next."""

from __future__ import annotations

from opsterm.services.text import clean

_MOST = 300
SCOPES = "org:read, project:read and event:read"
"""What a token has to allow."""


def one_line(text: str) -> str:
    """Foreign `text` as one short line of safe text."""
    line = clean(" ".join(text.split()))
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"


class SentryError(Exception):
    """Any failure of this package; `reason` and `hint` are one line of safe text each, and have no token in them."""

    def __init__(self, reason: str, hint: str = "") -> None:
        self.reason = one_line(reason)
        self.hint = one_line(hint)
        super().__init__(f"{self.reason} {self.hint}".strip())


class BadSettingError(SentryError):
    """What is to be read, or from where, cannot be: no token, no such address, no trace id."""


class NoTokenError(BadSettingError):
    """There is no token, or it is none."""


class LoginError(SentryError):
    """401: the token is not known (any more)."""

    def __init__(self, host: str, token: str) -> None:
        hint = _enough(token) or "Make a new user token there, and give it in SENTRY_AUTH_TOKEN."
        super().__init__(f"401 from {host}: it does not accept the token.", hint)


class ForbiddenError(SentryError):
    """403: the token does not allow this."""

    def __init__(self, host: str, what: str, token: str, detail: str = "") -> None:
        said = f" ({detail.rstrip('.')})" if detail else ""
        hint = _enough(token) or f"The token needs {SCOPES}."
        super().__init__(f"403 from {host}: the token may not read {what}{said}.", hint)


class NotFoundError(SentryError):
    """404: there is no such organisation or trace, or the token must not know of it."""

    def __init__(self, host: str, what: str) -> None:
        super().__init__(f"404 from {host}: no {what}.", "Is the name of the organisation right (SENTRY_ORG)?")


class ThrottledError(SentryError):
    """429: asked too often; `retry_after` seconds are to pass before the next try."""

    def __init__(self, host: str, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__(f"429 from {host}: asked too often.", f"It may be asked again in {retry_after:.0f} s.")


class UnreachableError(SentryError):
    """No answer: name, network, TLS or time."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"{host} unreachable: {why}.", "Is SENTRY_URL right, and is there a network?")


class AnswerError(SentryError):
    """An answer that is none: a failure of the server (`status` of HTTP), or not what the interface promises."""

    def __init__(self, host: str, what: str, status: int = 0) -> None:
        self.status = status
        super().__init__(
            f"{host}: {what}.", "Try again later." if status >= 500 else "Is SENTRY_URL a Sentry server?"
        )


def _enough(token: str) -> str:
    """What is wrong with this kind of token; empty where nothing is known of it."""
    if token.startswith("sntrys_"):
        return f"An organization token (sntrys_) is not enough: make a user token (sntryu_) with {SCOPES}."
    return ""
