"""Questions to a Sentry server over HTTP: one answer in JSON, or a typed error."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsterm.services.telemetry.sentry_api.errors import (
    AnswerError,
    ForbiddenError,
    LoginError,
    NotFoundError,
    SentryError,
    ThrottledError,
    UnreachableError,
)
from opsterm.services.telemetry.sentry_api.settings import host_of

if TYPE_CHECKING:
    import aiohttp

Parameters = Sequence[tuple[str, str]]
MOST_BYTES = 32 * 1024 * 1024
"""Of one answer."""
_LONGEST_WAIT = 3600.0  # seconds: what a server asks for beyond is not believed
_USUAL_WAIT = 5.0  # seconds, where it does not say


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a value made of JSON, and the Link header."""

    value: Any
    link: str = ""


class Http:
    """Asks one server. Belongs on one event loop; `close` it."""

    def __init__(self, token: str, timeout: float) -> None:
        self._token = token
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, what: str, parameters: Parameters = ()) -> Answer:
        """Ask for `url`; `what` names it in errors. Raises SentryError. May be cancelled at any moment."""
        import aiohttp  # noqa: PLC0415  heavy

        host = host_of(url)
        try:
            async with asyncio.timeout(self._timeout):
                async with self._opened().get(url, params=list(parameters), allow_redirects=False) as response:
                    body = await self._body(response, host)
                    if response.status != 200:
                        raise self._failure(response.status, response.headers, body, host, what)
                    return Answer(_decoded(body, host), ", ".join(response.headers.getall("Link", [])))
        except TimeoutError:
            raise UnreachableError(host, f"no answer within {self._timeout:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise UnreachableError(host, self._safe(_why(error))) from None

    async def close(self) -> None:
        """Let go of the connections."""
        session, self._session = self._session, None
        if session:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp  # noqa: PLC0415

        if self._session is None:
            headers = {
                "Authorization": f"Bearer {self._token}",
                "Accept": "application/json",
                "User-Agent": "opsterm",
            }
            timeout = aiohttp.ClientTimeout(total=None)
            self._session = aiohttp.ClientSession(headers=headers, timeout=timeout, trust_env=True)
        return self._session

    async def _body(self, response: aiohttp.ClientResponse, host: str) -> bytes:
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > MOST_BYTES:
                raise AnswerError(host, f"an answer of more than {MOST_BYTES // 1024**2} MB")
        return bytes(body)

    def _failure(self, status: int, headers: Mapping[str, str], body: bytes, host: str, what: str) -> SentryError:
        if status == 401:
            return LoginError(host, self._token)
        if status == 403:
            return ForbiddenError(host, what, self._token, self._detail(body))
        if status == 404:
            return NotFoundError(host, what)
        if status == 429:
            return ThrottledError(host, wait_of(headers, time.time()))
        if 300 <= status < 400:
            return AnswerError(host, f"it sends elsewhere ({status}), where the token does not go", status)
        said = self._detail(body)
        return AnswerError(host, f"{status}{f': {said}' if said else ' instead of an answer'}", status)

    def _detail(self, body: bytes) -> str:
        """What the server says of a failure, in its JSON; without the token, should it repeat it."""
        import msgspec  # noqa: PLC0415  heavy

        try:
            said = msgspec.json.decode(body)
        except (msgspec.DecodeError, ValueError):
            return ""
        detail = said.get("detail") if isinstance(said, dict) else None
        if isinstance(detail, dict):
            detail = detail.get("message")
        return self._safe(detail)[:200] if isinstance(detail, str) else ""

    def _safe(self, text: str) -> str:
        return text.replace(self._token, "…")


def wait_of(headers: Mapping[str, str], now: float) -> float:
    """Seconds to wait after a 429: by Retry-After, else by when the next window of Sentry's limit begins."""
    try:
        return min(_LONGEST_WAIT, max(1.0, float(int(headers["Retry-After"]))))
    except (KeyError, ValueError):
        pass
    try:
        return min(_LONGEST_WAIT, max(1.0, float(int(headers["X-Sentry-Rate-Limit-Reset"])) - now))
    except (KeyError, ValueError):
        return _USUAL_WAIT


def _decoded(body: bytes, host: str) -> Any:
    import msgspec  # noqa: PLC0415

    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise AnswerError(host, "an answer that is no JSON") from None


def _why(error: Exception) -> str:
    import aiohttp  # noqa: PLC0415

    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "no such host"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLError | aiohttp.ClientConnectorSSLError):
        return "its certificate is not trusted, or it speaks no TLS"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "no connection"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection"
    return str(error) or type(error).__name__
