"""The service behind the Pods tab: contexts, namespaces, the pods of one of them live, and log views."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from opsterm.services.kube import config
from opsterm.services.kube.client import KubeClient
from opsterm.services.kube.connection import IN_CLUSTER, Connection, connect, connect_in_cluster, in_cluster_available
from opsterm.services.kube.errors import (
    BadConfigError,
    ForbiddenError,
    KubeError,
    LoginError,
    LoginExpiredError,
    NoConfigError,
    ThrottledError,
    UnreachableError,
)
from opsterm.services.kube.logs.hub import LogHub, Scope
from opsterm.services.kube.types import Named, Pod
from opsterm.services.kube.watch import Reflector
from opsterm.services.service import Service, State
from opsterm.services.threads import in_thread

_POLL = 1.0  # seconds between looks at the kubeconfig files
_CALM = 0.05  # seconds over which changes of pods are told as one
KEEP: Any = object()
"""For `PodService.use`: leave the namespace as the context has it."""


class PodService(Service):
    """Follows the pods of one context and namespace, and hands out log views that live as long as it does.

    `error` is the typed reason of the status. Listeners are told of the status, and of changes at most every 50 ms.
    """

    def __init__(self, context: str = "", namespace: str | None = "", files: list[Path] | None = None) -> None:
        super().__init__()
        self.error: KubeError | None = None
        self.contexts: dict[str, config.Context] = {}
        self.context = context
        """Name of the context in use; empty while there is none."""
        self.namespace: str | None = namespace or (None if namespace is None else "")
        """Namespace in use; None for all of them."""
        self.reconnects = 0
        self.revision = 0
        """Grows with each change of a pod."""
        self._files = files or config.paths()
        self._given = namespace != ""
        self._stamps: tuple[tuple[int, int] | None, ...] = ()
        self._clients: dict[str, KubeClient] = {}
        self._hubs: list[LogHub] = []
        self._pods: Reflector[Pod] | None = None
        self._names: Reflector[Named] | None = None
        self._main: asyncio.Task[None] | None = None
        self._watches: list[asyncio.Task[None]] = []
        self._again = asyncio.Event()
        self._telling: asyncio.TimerHandle | None = None

    @property
    def pods(self) -> dict[str, Pod]:
        """The pods by uid; the last known ones while the cluster is not reached. Do not change it."""
        return self._pods.items if self._pods else {}

    @property
    def synced(self) -> bool:
        """Whether the pods were listed since the last switch."""
        return bool(self._pods and self._pods.synced)

    @property
    def namespaces(self) -> list[str]:
        """All namespaces that can be seen, sorted; that in use is among them."""
        seen = {item.metadata.name for item in self._names.items.values()} if self._names else set()
        return sorted(seen | ({self.namespace} if self.namespace else set()))

    @property
    def hubs(self) -> tuple[LogHub, ...]:
        """The log views that are open."""
        return tuple(self._hubs)

    async def start(self) -> None:
        """Begin to look for a configuration and to connect; returns at once."""
        if self._main is None:
            self._become(State.STARTING, "Reading the kubeconfig.")
            self._main = self._live_on(self._run(), "pods")

    async def stop(self) -> None:
        """End watches, log views and connections."""
        tasks = [*self._watches, *([self._main] if self._main else [])]
        self._main = None
        self._watches = []
        self._stamps = ()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *(hub.close() for hub in self._hubs), return_exceptions=True)
        self._hubs.clear()
        for client in self._clients.values():
            await client.close()
        self._clients.clear()
        if self._telling:
            self._telling.cancel()
            self._telling = None
        self._become(State.OFF)

    def retry(self) -> None:
        """Read the configuration again and try now."""
        if self.status.state in (State.LIVE, State.OFF):
            return
        self._stamps = ()
        self._again.set()
        for reflector in (self._pods, self._names):
            if reflector:
                reflector.retry()
        for hub in self._hubs:
            hub.retry()

    async def use(self, context: str | None = None, namespace: str | None = KEEP) -> None:
        """Switch to another context, to another namespace (None: all), or both; the kubeconfig stays as it is."""
        if context is not None and context != self.context:
            self.context = context
            self._given = False
        if namespace is not KEEP:
            self.namespace = namespace
            self._given = True
        self._pods = None
        self._stamps = ()
        self._become(State.STARTING, "Connecting.")
        self._again.set()

    def logs(
        self,
        *,
        selector: str = "",
        pod: str = "",
        container: str = "",
        namespace: str | None = KEEP,
        tail: int | None = None,
        since: float | None = None,
    ) -> LogHub:
        """A log view of one pod, or of all pods that match the label selector, in the context in use.

        It goes on until `close` or `stop`, whatever the service is switched to. Raises KubeError while there is no
        connection.
        """
        client = self._clients.get(self.context)
        if client is None:
            raise self.error or UnreachableError(self.context or "no context", "not connected yet")
        where = self.namespace if namespace is KEEP else namespace
        hub = LogHub(client, Scope(where, selector, pod, container), tail=tail, since=since)
        self._hubs.append(hub)
        hub.start()
        return hub

    async def close(self, hub: LogHub) -> None:
        """End a log view."""
        if hub in self._hubs:
            self._hubs.remove(hub)
        await hub.close()

    async def _run(self) -> None:
        while True:
            self._again.clear()
            stamps = config.stamps(self._files)
            if stamps != self._stamps:
                self._stamps = stamps
                await self._connect()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL):
                    await self._again.wait()

    async def _connect(self) -> None:
        """Read the files, make the connection and begin to watch."""
        try:
            connection = await self._connection()
        except KubeError as error:
            await self._unwatch()
            self._fail(error)
            return
        self.context = connection.context
        if not self._given:
            self.namespace = connection.namespace
        client = self._clients.get(self.context)
        if client is None:
            client = self._clients[self.context] = KubeClient(connection)
        else:
            client.use(connection)
        await self._unwatch()
        where = Scope(self.namespace).path
        self._pods = Reflector(client, where, Pod, changed=self._changed, said=self._said)
        self._names = Reflector(client, "/api/v1/namespaces", Named, changed=self._renamed)
        self._watches = [self._spawn(self._pods.run()), self._spawn(self._names.run())]

    async def _connection(self) -> Connection:
        try:
            found = await in_thread(partial(config.load, self._files), "kubeconfig")
        except NoConfigError:
            self.contexts = {}
            if not in_cluster_available():
                raise
            self.contexts = {IN_CLUSTER: config.Context(IN_CLUSTER)}
            return await connect_in_cluster()
        self.contexts = found.contexts
        return await connect(found.choose(self.context))

    async def _unwatch(self) -> None:
        tasks, self._watches = self._watches, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _said(self, error: KubeError | None, wait: float) -> None:
        if self._pods:
            self.reconnects = self._pods.reconnects
        if error is None:
            self.error = None
            self._become(State.LIVE)
        else:
            self._fail(error, wait)

    def _fail(self, error: KubeError, wait: float = 0.0) -> None:
        self.error = error
        if isinstance(error, LoginExpiredError | LoginError | BadConfigError | ForbiddenError):
            state = State.FAILED
        elif isinstance(error, ThrottledError):
            state = State.DEGRADED
        else:
            state = State.LOST
        self._become(state, error.reason, error.hint, time.monotonic() + wait if wait else None)

    def _changed(self, _old: Pod | None, _new: Pod | None) -> None:
        self.revision += 1
        self._renamed()

    def _renamed(self, _old: Named | None = None, _new: Named | None = None) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_CALM, self._tell_now)

    def _tell_now(self) -> None:
        self._telling = None
        self._tell()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)
