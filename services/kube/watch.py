"""A list kept true by a watch: the pattern that Kubernetes calls a reflector.

List in pages, then watch from the list's resource version. A closed watch goes on from the last version seen; a
version too old, or an error event, lists again and compares, so that what vanished meanwhile is reported as deleted.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import msgspec

from opsterm.services.backoff import Backoff
from opsterm.services.kube.client import KubeClient, failure_of
from opsterm.services.kube.errors import (
    ApiError,
    ForbiddenError,
    GoneError,
    KubeError,
    LoginExpiredError,
    ThrottledError,
)
from opsterm.services.kube.types import Failure, Meta


class HasMeta(Protocol):
    """Any Kubernetes object."""

    metadata: Meta


T = TypeVar("T", bound=HasMeta)
_HEALTHY = 5.0  # seconds after which a watch that closed is opened again without waiting


class Reflector(Generic[T]):
    """The objects under one path, by uid, as the server has them.

    `changed(old, new)` is told of each change (`old` None: added, `new` None: deleted), `said(error, wait)` of each
    failure and the seconds until the next try, and `said(None, 0)` when list and watch work. `run` never gives up:
    it ends by being cancelled.
    """

    def __init__(
        self,
        client: KubeClient,
        path: str,
        kind: type[T],
        *,
        selector: str = "",
        fields: str = "",
        changed: Callable[[T | None, T | None], None] = lambda _old, _new: None,
        said: Callable[[KubeError | None, float], None] = lambda _error, _wait: None,
    ) -> None:
        self.items: dict[str, T] = {}
        self.synced = False
        """Whether one whole list has come."""
        self.reconnects = 0
        self._client = client
        self._path = path
        self._kind = kind
        self._params: dict[str, str | int] = {}
        if selector:
            self._params["labelSelector"] = selector
        if fields:
            self._params["fieldSelector"] = fields
        self._changed = changed
        self._said = said
        self._version = ""
        self._again = asyncio.Event()
        self._backoff = Backoff()
        self._decoder = msgspec.json.Decoder(kind)

    def retry(self) -> None:
        """Do not wait any longer before the next try."""
        self._again.set()

    async def run(self) -> None:
        """List and watch until cancelled."""
        while True:
            try:
                if not self._version:
                    await self._list()
                self._said(None, 0.0)
                began = time.monotonic()
                await self._watch()
                self.reconnects += 1
                if time.monotonic() - began < _HEALTHY:
                    await self._wait(self._backoff.next())
                else:
                    self._backoff.reset()
            except GoneError:
                self._version = ""
                await self._wait(random.uniform(0.05, 0.25))  # noqa: S311  jitter
            except KubeError as error:
                if isinstance(error, ApiError) and not isinstance(error, ThrottledError | ForbiddenError):
                    self._version = ""
                self.reconnects += 1
                await self._failed(error)

    async def _failed(self, error: KubeError) -> None:
        wait = self._backoff.next()
        if isinstance(error, ThrottledError):
            wait = max(error.retry_after, random.uniform(0.5, 1.0))  # noqa: S311  jitter
        elif isinstance(error, LoginExpiredError):
            self._said(error, 0.0)
            await self._client.login.wait()
            return
        self._said(error, wait)
        await self._wait(wait)

    async def _wait(self, seconds: float) -> None:
        self._again.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._again.wait()
            self._backoff.reset()
        except TimeoutError:
            pass

    async def _list(self) -> None:
        seen: set[str] = set()
        version = ""
        async for meta, items in self._client.pages(self._path, self._kind, self._params):
            version = meta.resource_version
            for item in items:
                seen.add(item.metadata.uid)
                self._put(item)
        for uid in [uid for uid in self.items if uid not in seen]:
            self._changed(self.items.pop(uid), None)
        self._version = version
        self.synced = True
        self._backoff.reset()

    async def _watch(self) -> None:
        params = {**self._params, "timeoutSeconds": random.randint(290, 590)}  # noqa: S311  spread over clients
        events = self._client.watch(self._path, self._version, params)
        async with contextlib.aclosing(events):
            async for event in events:
                if event.type == "ERROR":
                    failure = msgspec.json.decode(event.object, type=Failure)
                    raise failure_of(failure, self._path)
                try:
                    item = self._decoder.decode(event.object)
                except msgspec.DecodeError as error:
                    raise ApiError(200, f"unexpected object: {error}") from None
                self._version = item.metadata.resource_version or self._version
                if event.type == "DELETED":
                    self._changed(self.items.pop(item.metadata.uid, None) or item, None)
                elif event.type != "BOOKMARK":
                    self._put(item)

    def _put(self, item: T) -> None:
        uid = item.metadata.uid
        old = self.items.get(uid)
        if old is not None and old.metadata.resource_version == item.metadata.resource_version:
            return
        self.items[uid] = item
        self._changed(old, item)
