"""The few calls of the Docker Engine API that opsterm makes, over one connection pool of its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from opsterm.services.docker.endpoint import Endpoint
from opsterm.services.docker.errors import EngineError, EngineLostError, NoEngineError, NotAllowedError
from opsterm.services.text import clean

NEWEST_API = (1, 47)
"""The newest version of the API whose answers this module knows; newer engines still speak it."""
PATIENCE = aiohttp.ClientTimeout(total=30.0, sock_connect=5.0)
"""How long a call may take that is no stream, in seconds."""
_STRANGER = "what answers there is something else"
_ENDLESS = aiohttp.ClientTimeout(total=None, sock_connect=5.0)


class Client:
    """An engine that has answered. Every call raises EngineError when it does not answer any more."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.version = ""
        """The engine's own version, as `20.10.24`."""
        self.api = (0, 0)
        self._session = aiohttp.ClientSession(connector=endpoint.connector(), timeout=PATIENCE)

    @classmethod
    async def connect(cls, endpoint: Endpoint) -> Client:
        """A client, after the engine told its version. Raises NoEngineError and NotAllowedError."""
        client = cls(endpoint)
        try:
            facts = await client._json("GET", "/version")
            if not isinstance(facts, dict):
                raise NoEngineError(endpoint.url, _STRANGER)
            client.version = clean(str(facts.get("Version", "?")))
            newest, oldest = _version(facts.get("ApiVersion")), _version(facts.get("MinAPIVersion"))
            client.api = max(oldest, min(newest, NEWEST_API))
        except BaseException:
            await client.close()
            raise
        return client

    async def close(self) -> None:
        """Close all connections; a build that runs on one of them ends."""
        await self._session.close()

    async def ping(self) -> None:
        """Return when the engine answers."""
        async with self._request("GET", "/_ping") as answer:
            await answer.read()

    async def image(self, name: str) -> dict[str, Any] | None:
        """What the engine knows of an image by name or id; None when it has no such image."""
        try:
            found: dict[str, Any] = await self._json("GET", f"/images/{name}/json")
        except _NotFoundError:
            return None
        return found

    async def tags(self) -> list[str]:
        """The tags of all local images."""
        images = await self._json("GET", "/images/json")
        return [clean(tag) for image in images for tag in image.get("RepoTags") or () if not tag.startswith("<none>")]

    async def labelled(self, label: str) -> list[str]:
        """The ids of the images that carry `label`, given as `key=value`."""
        filters = json.dumps({"label": [label]})
        return [image["Id"] for image in await self._json("GET", "/images/json", {"all": "1", "filters": filters})]

    async def remove_image(self, image: str) -> None:
        """Remove an image by id with its tags; nothing happens when it is already gone."""
        try:
            await self._json("DELETE", f"/images/{image}", {"force": "1"})
        except _NotFoundError:
            return

    async def cache(self) -> list[dict[str, Any]]:
        """The records of BuildKit's cache, as `/system/df` tells them."""
        params = {"type": "build-cache"} if self.api >= (1, 42) else {}
        found: list[dict[str, Any]] = (await self._json("GET", "/system/df", params)).get("BuildCache") or []
        return found

    async def remove_cache(self, record: str) -> None:
        """Remove one record of the cache by its id; the engine keeps what is in use."""
        await self._json("POST", "/build/prune", {"all": "1", "filters": json.dumps({"id": [record]})})

    @asynccontextmanager
    async def build(self, params: Mapping[str, str], body: aiohttp.Payload) -> AsyncIterator[aiohttp.ClientResponse]:
        """A running build; leaving the block closes its connection, and with that the engine ends it."""
        headers = {"Content-Type": "application/x-tar"}
        async with self._request("POST", "/build", params, data=body, headers=headers, timeout=_ENDLESS) as answer:
            try:
                yield answer
            finally:
                answer.close()

    async def _json(self, method: str, path: str, params: Mapping[str, str] | None = None) -> Any:
        async with self._request(method, path, params) as answer:
            try:
                return await answer.json(content_type=None)
            except ValueError as error:
                raise NoEngineError(self.endpoint.url, _STRANGER) from error

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, params: Mapping[str, str] | None = None, **more: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        version = f"/v{self.api[0]}.{self.api[1]}" if self.api != (0, 0) else ""
        url = f"{self.endpoint.base}{version}{path}"
        if self._session.closed:
            raise EngineLostError(self.endpoint.url, "the connection was closed")
        try:
            async with self._session.request(method, url, params=params, **more) as answer:
                if answer.status == 404:
                    raise _NotFoundError(path)
                if answer.status >= 400:
                    raise EngineError(f"The engine refused {method} {path}: {await _message(answer)}.")
                yield answer
        except PermissionError as error:
            raise NotAllowedError(self.endpoint.path) from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, PermissionError):
                raise NotAllowedError(self.endpoint.path) from error
            raise NoEngineError(self.endpoint.url, _why(error.os_error)) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise EngineLostError(self.endpoint.url, clean(str(error)) or type(error).__name__) from error


class _NotFoundError(EngineError):
    """The engine answered 404."""


async def _message(answer: aiohttp.ClientResponse) -> str:
    text = await answer.text(errors="replace")
    with suppress(ValueError, TypeError, KeyError):
        text = str(json.loads(text)["message"])
    return clean(text.strip().split("\n")[0]) or str(answer.status)


def _why(error: OSError) -> str:
    """The reason, where it says more than that nothing is there."""
    return "" if isinstance(error, FileNotFoundError) else (error.strerror or "").lower()


def _version(text: Any) -> tuple[int, int]:
    major, _, minor = str(text or "1.24").partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (1, 24)
