"""The server that programs report to, on this machine's own addresses only.

It takes envelopes at `POST /stream`, where SDKs send with `spotlight=True`, and at `POST /api/<number>/envelope/`,
where they send with a DSN. The sender is answered as soon as its envelope is known to be one; it is read later. What
is no envelope gets a status of 4xx and is counted. https://develop.sentry.dev/sdk/foundations/transport/
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket

import aiohttp
import msgspec
from aiohttp import web
from aiohttp.http import HttpProcessingError

from opsterm.services.telemetry.envelope import Envelope, split
from opsterm.services.telemetry.errors import BadEnvelopeError
from opsterm.services.telemetry.inflate import BadCompressionError, UnknownEncodingError, inflater
from opsterm.services.telemetry.intake import Intake
from opsterm.services.telemetry.store import Counts

MAX_BODY = 20 * 1024 * 1024
"""Bytes of a body, inflated; Sentry takes as many."""
BODY_SECONDS = 20.0
"""How long a body may take to arrive."""
_STOP_SECONDS = 0.2
"""How long requests that run may take when the server stops."""
_TURN = 1024 * 1024
"""Bytes that are inflated before the loop has its turn again."""
_HOST = r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?"
_HERE = re.compile(_HOST, re.IGNORECASE)
_LOCAL_ORIGIN = re.compile(rf"https?://{_HOST}", re.IGNORECASE)
_ENVELOPES = re.compile(r"/(?:stream|api/[^/]{1,64}/envelope)/?")
_ALLOWED = {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Content-Encoding, X-Sentry-Auth, Sentry-Trace, Baggage",
    "Access-Control-Max-Age": "600",
}
log = logging.getLogger(__name__)


class _RefusedError(Exception):
    """A request that gets another answer than it wanted."""

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        super().__init__(why)


class Receiver:
    """Listens on `sockets` and hands what comes to `intake`. `refused` of `counts` grows with each bad request."""

    def __init__(self, intake: Intake, counts: Counts) -> None:
        self._intake = intake
        self._counts = counts
        self._reading = 0  # bytes of the bodies that are being read now
        self._runner: web.ServerRunner | None = None
        self._sockets: list[socket.socket] = []

    async def start(self, sockets: list[socket.socket]) -> None:
        """Begin to answer; the sockets are the receiver's from now on."""
        self._sockets = sockets
        server = web.Server(
            self._answer, access_log=None, logger=_told_of(self._counts), auto_decompress=False, lingering_time=0.5
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        for one in sockets:
            await web.SockSite(self._runner, one).start()

    async def stop(self) -> None:
        """End all requests and close the sockets."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        for one in self._sockets:
            one.close()
        self._sockets = []

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        headers: dict[str, str] = {}
        try:
            headers = _admit(request)
            if request.method == "OPTIONS":
                return web.Response(status=204, headers={**headers, **_ALLOWED})
            if request.path == "/health" and request.method in ("GET", "HEAD"):
                return web.Response(text="OK", headers={**headers, "X-Powered-By": "opsterm"})
            envelope = await self._receive(request)
        except _RefusedError as refused:
            self._counts.refused += 1
            answer = _json({"detail": str(refused)}, refused.status, headers)
            if refused.status == 429:
                answer.headers["Retry-After"] = "1"
            answer.force_close()
            return answer
        return _json({"id": envelope.event_id}, 200, headers)

    async def _receive(self, request: web.BaseRequest) -> Envelope:
        if not _ENVELOPES.fullmatch(request.path):
            raise _RefusedError(404, "Nothing is here. Envelopes go to /stream or /api/1/envelope/.")
        if request.method != "POST":
            raise _RefusedError(405, "Envelopes are posted.")
        try:
            body = await self._body(request)
            envelope = split(body)
        except UnknownEncodingError as error:
            raise _RefusedError(415, str(error)) from None
        except (BadEnvelopeError, BadCompressionError) as error:
            raise _RefusedError(400, str(error)) from None
        except TimeoutError:
            raise _RefusedError(408, "A body that does not come.") from None
        except (aiohttp.ClientError, HttpProcessingError, web.RequestPayloadError, ConnectionError):
            raise _RefusedError(400, "A body that was cut off.") from None
        if not self._intake.offer(envelope):
            raise _RefusedError(429, "More comes than can be read.")
        return envelope

    async def _body(self, request: web.BaseRequest) -> bytes:
        """The body, inflated; never more of it in memory than is allowed."""
        inflating = inflater(request.headers.get("Content-Encoding", ""))
        if (request.content_length or 0) > MAX_BODY:
            raise _RefusedError(413, "A body of more than 20 MB.")
        parts: list[bytes] = []
        size = turn = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.content.iter_any():
                    for piece in inflating.feed(chunk):
                        size += len(piece)
                        self._reading += len(piece)
                        if size > MAX_BODY:
                            raise _RefusedError(413, "A body of more than 20 MB, inflated.")
                        if self._reading + self._intake.bytes > self._intake.max_bytes:
                            raise _RefusedError(429, "More comes than can be read.")
                        parts.append(piece)
                        turn += len(piece)
                        if turn > _TURN:
                            turn = 0
                            await asyncio.sleep(0)
            inflating.end()
            return b"".join(parts)
        finally:
            self._reading -= size


def _admit(request: web.BaseRequest) -> dict[str, str]:
    """What the answer has to say to a browser; raises where a page from elsewhere asks.

    Any page may have a browser send here. Under a name of its own (DNS rebinding) the Host gives it away, else the
    Origin, which browsers send with every such request.
    """
    if not _HERE.fullmatch(request.headers.get("Host", "")):
        raise _RefusedError(403, "Only programs of this machine may report here.")
    origin = request.headers.get("Origin")
    if origin is None:
        return {}
    if not _LOCAL_ORIGIN.fullmatch(origin):
        raise _RefusedError(403, "Only pages of this machine may report here.")
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def _json(body: dict[str, str], status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, headers=headers, content_type="application/json"
    )


class _Refusals(logging.Handler):
    """What the server tells of: requests that were no HTTP, counted, and defects, which go to our own log."""

    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self._counts = counts

    def emit(self, record: logging.LogRecord) -> None:
        self._counts.refused += 1
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, (HttpProcessingError, OSError)):
            log.error("a request could not be answered", exc_info=error)


def _told_of(counts: Counts) -> logging.Logger:
    made = logging.Logger("opsterm.traces.http")  # not in the tree: nothing else hears what it is told
    made.addHandler(_Refusals(counts))
    return made
