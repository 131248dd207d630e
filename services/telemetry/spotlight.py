"""Another receiver on the port: Sentry's Spotlight. It passes on what it gets, as server-sent events.

Each event is an envelope, since version 4 as JSON (`[header, [[item header, payload], …]]`), before that as it came,
in base64 where that was asked for. Form and names are those of getsentry/spotlight, packages/spotlight/src/server.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec

from opsterm.services.telemetry.envelope import Envelope, Item, ItemHeader, split
from opsterm.services.telemetry.errors import BadEnvelopeError, SpotlightError
from opsterm.services.telemetry.sse import EventStream

_IDENTIFIER = "spotlight-by-sentry"
_ENVELOPE = "application/x-sentry-envelope"
_ANSWERS = 2.0  # seconds until it must have answered
_READ = 64 * 1024


class _Told(msgspec.Struct, array_like=True, gc=False):
    """An envelope as it is passed on."""

    header: dict[str, Any]
    items: list[tuple[ItemHeader, msgspec.Raw]]


_told = msgspec.json.Decoder(_Told)


class Spotlight:
    """The one that listens on `port` of this machine."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._port = port
        self._last_id = ""

    async def is_there(self) -> bool:
        """Whether what listens on the port is a Spotlight."""
        timeout = aiohttp.ClientTimeout(total=_ANSWERS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.get(f"{self._address}/health", allow_redirects=False) as answer,
            ):
                return answer.headers.get("X-Powered-By", "").lower() == _IDENTIFIER
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return False

    async def follow(
        self, take: Callable[[Envelope], Awaitable[None]], bad: Callable[[], None], live: Callable[[], None]
    ) -> None:
        """Hand every envelope to `take`, and wait for it; call `bad` for what is none, and `live` once connected.

        Never returns: raises SpotlightError when the stream ends. Another call goes on after the last envelope.
        """
        headers = {"Accept": "text/event-stream"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_ANSWERS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.get(f"{self._address}/stream?base64=1&client=opsterm", headers=headers) as answer,
            ):
                if answer.status != 200 or answer.content_type != "text/event-stream":
                    raise SpotlightError(f"Spotlight on port {self._port} answers {answer.status}.")
                live()
                stream = EventStream()
                async for chunk in answer.content.iter_chunked(_READ):
                    for event in stream.feed(chunk):
                        try:
                            await take(envelope_of(event.name, event.data))
                        except BadEnvelopeError:
                            bad()
                        self._last_id = event.last_id
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise SpotlightError(f"Spotlight on port {self._port} went away ({type(error).__name__}).") from None
        raise SpotlightError(f"Spotlight on port {self._port} went away.")


def envelope_of(name: str, data: bytes) -> Envelope:
    """The envelope that an event of this name is; raises BadEnvelopeError."""
    kind, *how = name.split(";")
    if kind != _ENVELOPE:
        raise BadEnvelopeError("An event that is no envelope.")
    if data.startswith(b"["):
        try:
            told = _told.decode(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise BadEnvelopeError("An envelope that Spotlight passes on in another form.") from None
        items = (Item(header.type, bytes(payload), header.content_type or "") for header, payload in told.items)
        return Envelope(told.header, tuple(items))
    if "base64" in how:
        try:
            data = base64.b64decode(data, validate=True)
        except binascii.Error:
            raise BadEnvelopeError("An envelope that is no base64.") from None
    return split(data)
