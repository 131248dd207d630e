"""HTTP to one cluster: get, list in pages, watch, log streams.

Raw aiohttp, because only that reads many log streams fast and ends them at once. Every failure leaves as a KubeError.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from typing import TypeVar

import aiohttp
import msgspec

from opsterm.services.kube.connection import Connection
from opsterm.services.kube.errors import (
    ApiError,
    ForbiddenError,
    GoneError,
    LoginExpiredError,
    NotFoundError,
    ThrottledError,
    UnreachableError,
)
from opsterm.services.kube.types import Event, Failure, ListMeta, Page

CONNECT = 5.0
FIRST_BYTE = 15.0
SILENT = 90.0
PAGE = 500
_PIECE = 32768
_READ = 16384  # bytes a log stream may take of the loop at once: many busy streams then leave room for keys
_DENIED = re.compile(r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)"')
_PLACE = re.compile(r'in the namespace "(?P<namespace>[^"]*)"')

T = TypeVar("T")
Params = Mapping[str, str | int]


class Body:
    """The body of an answer that goes on and on."""

    def __init__(self, response: aiohttp.ClientResponse, where: str) -> None:
        self._response = response
        self._where = where

    async def read(self) -> bytes:
        """What has come since, at most 32 KiB of it, so that it is digested in a moment; waits for it. Empty at the
        end. Raises UnreachableError when the connection broke. May be cancelled without loss.
        """
        with _wire(self._where):
            return await self._response.content.read(_PIECE)

    def abort(self) -> None:
        """Cut the connection; `read` raises."""
        transport = self._response.connection.transport if self._response.connection else None
        if transport is not None:
            transport.abort()


class KubeClient:
    """Requests to one cluster. Belongs to the event loop it was made on; `close` it there."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.login = asyncio.Event()
        """Cleared when the server refuses even fresh credentials; whoever waits goes on after `use` or `set`."""
        self.login.set()
        self._session: aiohttp.ClientSession | None = None
        self._retired: list[aiohttp.ClientSession] = []

    def use(self, connection: Connection) -> None:
        """Go on with another connection (a new login); requests that run end on the old one."""
        if self._session is not None:
            self._retired.append(self._session)  # closing it would cut the log streams that still run
        self._session = None
        self.connection = connection
        self.login.set()

    async def close(self) -> None:
        """End every request."""
        sessions = [*self._retired, *([self._session] if self._session else [])]
        self._retired.clear()
        self._session = None
        for session in sessions:
            await session.close()

    async def get(self, path: str, kind: type[T], params: Params | None = None) -> T:
        """One object, decoded as `kind`."""
        async with self.open(path, params or {}) as response:
            with _wire(self.connection.where):
                body = await response.read()
        return _decode(body, kind)

    async def pages(
        self, path: str, kind: type[T], params: Params | None = None
    ) -> AsyncIterator[tuple[ListMeta, list[T]]]:
        """A list in pages of 500. Raises GoneError when the list grew too old between two pages."""
        more = ""
        decoder = msgspec.json.Decoder(list[kind] | None)  # type: ignore[valid-type]
        while True:
            asked: dict[str, str | int] = {**(params or {}), "limit": PAGE}
            if more:
                asked["continue"] = more
            page = await self.get(path, Page, asked)
            try:
                items = decoder.decode(page.items)
            except msgspec.ValidationError as error:
                raise ApiError(200, f"unexpected list from {path}: {error}") from None
            yield page.metadata, items or []
            more = page.metadata.more
            if not more:
                return

    async def watch(self, path: str, version: str, params: Params | None = None) -> AsyncGenerator[Event, None]:
        """Events since resource version `version` until the server closes. Ends, too, after 90 s without any event or
        bookmark, because a dead connection looks just so.
        """
        asked = {**(params or {}), "watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version}
        decoder = msgspec.json.Decoder(Event)
        async with self.open(path, asked) as response:
            rest = b""
            reader = Body(response, self.connection.where)
            while True:
                try:
                    async with asyncio.timeout(SILENT):
                        chunk = await reader.read()
                except TimeoutError:
                    return
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.strip():
                        yield _decoded(line, decoder)

    @contextlib.asynccontextmanager
    async def stream_log(
        self, namespace: str, pod: str, container: str, params: Params
    ) -> AsyncGenerator[Body, None]:
        """A log, each line with its time in front.

        With `follow` there is no limit on the wait for an answer: servers send headers with the first line only.
        """
        asked = {**params, "container": container, "timestamps": "true"}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        async with self.open(path, asked, first_byte=None if asked.get("follow") else FIRST_BYTE) as response:
            transport = response.connection.transport if response.connection else None
            if transport is not None and hasattr(transport, "max_size"):
                transport.max_size = _READ
            yield Body(response, self.connection.where)

    @contextlib.asynccontextmanager
    async def open(
        self, path: str, params: Params, *, first_byte: float | None = FIRST_BYTE
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A successful answer to GET `path`, its body not read yet. `first_byte` is seconds until its headers."""
        response = await self._ask(path, params, first_byte, fresh=False)
        if response.status == 401:
            response.release()
            response = await self._ask(path, params, first_byte, fresh=True)
        try:
            if response.status == 401:
                self.login.clear()
                raise LoginExpiredError(self.connection.where)
            if response.status >= 300:
                with _wire(self.connection.where):
                    async with asyncio.timeout(FIRST_BYTE):
                        body = await response.read()
                raise _failure(response.status, body, response.headers.get("Retry-After"), path)
            yield response
        finally:
            response.close()

    async def _ask(
        self, path: str, params: Params, first_byte: float | None, *, fresh: bool
    ) -> aiohttp.ClientResponse:
        connection = self.connection
        headers = await connection.headers(fresh)
        if self._session is None:
            self._session = _session(connection)
        with _wire(connection.where):
            asking = self._session.get(
                connection.server + path,
                params=params,
                headers={"Accept": "application/json", **headers},
                proxy=connection.proxy,
                server_hostname=connection.server_name,
                allow_redirects=False,
            )
            async with asyncio.timeout(first_byte):
                return await asking


def _session(connection: Connection) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0, ssl=connection.tls if connection.tls is not None else True)
    timeout = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT, sock_read=None)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=True, auto_decompress=True)


@contextlib.contextmanager
def _wire(where: str) -> Iterator[None]:
    """Turn what the network can do into UnreachableError."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        why = getattr(error.certificate_error, "verify_message", "") or str(error.certificate_error)
        raise UnreachableError(
            where, f"certificate not trusted ({why})", "Check certificate-authority-data."
        ) from error
    except aiohttp.ClientSSLError as error:
        raise UnreachableError(
            where, f"TLS failed ({_tls_reason(error)})", "Check server and client certificate."
        ) from error
    except aiohttp.ClientConnectorDNSError as error:
        raise UnreachableError(where, "name not known", "Check the server's name, VPN and DNS.") from error
    except aiohttp.ClientProxyConnectionError as error:
        raise UnreachableError(where, f"the proxy does not answer ({_os_reason(error)})") from error
    except aiohttp.ClientConnectorError as error:
        raise UnreachableError(where, _os_reason(error)) from error
    except aiohttp.ServerDisconnectedError as error:
        raise UnreachableError(where, "it closed the connection") from error
    except TimeoutError as error:
        raise UnreachableError(where, "no answer in time") from error
    except aiohttp.ClientPayloadError as error:
        raise UnreachableError(where, "the connection broke in the middle of an answer") from error
    except (aiohttp.ClientError, OSError) as error:
        raise UnreachableError(where, str(error) or type(error).__name__) from error


def _os_reason(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error.os_error, ConnectionRefusedError):
        return "connection refused"
    return (error.os_error.strerror or str(error.os_error) or "no connection").lower()


def _tls_reason(error: aiohttp.ClientSSLError) -> str:
    inner = error.os_error
    return (
        str(getattr(inner, "reason", "") or inner)
        if not isinstance(inner, ssl.SSLError)
        else inner.reason or str(inner)
    )


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise ApiError(200, f"unexpected answer: {error}") from None


def _decoded(line: bytes, decoder: msgspec.json.Decoder[Event]) -> Event:
    try:
        return decoder.decode(line)
    except msgspec.DecodeError as error:
        raise ApiError(200, f"unexpected event: {error}") from None


def failure_of(failure: Failure, path: str = "") -> ApiError:
    """The error that a Status object of the API tells of (the object of an ERROR event)."""
    return _typed(failure.code or 500, failure.message or failure.reason or "no reason given", None, path)


def _failure(status: int, body: bytes, retry_after: str | None, path: str) -> ApiError:
    try:
        message = msgspec.json.decode(body, type=Failure).message
    except msgspec.DecodeError:
        message = body[:200].decode("utf-8", "replace")
    return _typed(status, message or "no reason given", retry_after, path)


def _typed(status: int, message: str, retry_after: str | None, path: str) -> ApiError:
    if status == 403:
        denied = _DENIED.search(message)
        place = _PLACE.search(message)
        named = denied.groupdict() if denied else {"user": "", "verb": "read", "resource": path.rsplit("/", 1)[-1]}
        return ForbiddenError(
            message, named["verb"], named["resource"], place["namespace"] if place else "", named["user"]
        )
    if status == 404:
        return NotFoundError(status, message)
    if status == 410:
        return GoneError(status, message)
    if status == 429:
        return ThrottledError(message, float(retry_after) if retry_after and retry_after.isdigit() else 1.0)
    return ApiError(status, message)
