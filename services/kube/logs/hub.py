"""The logs of one pod, or of all pods that match a selector, in one ring.

The hub watches the pods itself, so that those of a rollout join and leave by themselves. There is no queue between
network and ring: a stream reads on only when its last batch is in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from opsterm.services.kube.client import KubeClient, Params
from opsterm.services.kube.errors import KubeError
from opsterm.services.kube.logs.entries import Entry
from opsterm.services.kube.logs.level import level_of
from opsterm.services.kube.logs.stream import LogStream, StreamState
from opsterm.services.kube.pods import container_names
from opsterm.services.kube.types import Pod
from opsterm.services.kube.watch import Reflector
from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.services.listeners import Listeners
from opsterm.services.text import decode

LIMIT = 100
STALL = 75.0
_BACKLOG = 500
_SHARED = 5000


@dataclass(frozen=True, slots=True)
class Scope:
    """What a hub follows: the pod `pod`, or all pods that match `selector` (an empty one matches all). `container`
    chooses one container of each. `namespace` None is all namespaces.
    """

    namespace: str | None
    selector: str = ""
    pod: str = ""
    container: str = ""

    def __str__(self) -> str:
        """As the screen names it: `app=web`, `web-x2k4p/app`."""
        name = self.pod or self.selector or "all pods"
        return f"{name}/{self.container}" if self.container else name

    @property
    def path(self) -> str:
        """Where its pods are listed."""
        return "/api/v1/pods" if self.namespace is None else f"/api/v1/namespaces/{self.namespace}/pods"


class LogHub:
    """Streams of a scope, at most `limit` at once, the rest queued in order. Its lines and notes go to `ring`.

    `tail` is how many old lines of each container come first (None: a figure that suits the number of streams, -1:
    all), `since` how many seconds back instead. Pods that appear later are read from their beginning.
    """

    def __init__(
        self,
        client: KubeClient,
        scope: Scope,
        *,
        tail: int | None = None,
        since: float | None = None,
        ring: Ring | None = None,
        limit: int = LIMIT,
        stall: float = STALL,
    ) -> None:
        self.scope = scope
        self.ring = ring or Ring()
        self.streams: dict[tuple[str, str], LogStream] = {}
        """By pod uid and container, as long as the pod is there and its log not at its end."""
        self.error: KubeError | None = None
        """Why the pods cannot be watched now; streams that run go on."""
        self.lines_read = 0
        self._client = client
        self._tail = tail
        self._since = since
        self._limit = limit
        self._stall = stall
        self._slots = asyncio.Semaphore(limit)
        self._room = asyncio.Event()
        self._room.set()
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = [0, 0, 0]  # reconnects, gaps, repeats of streams that are gone
        self._begun = False
        self._listeners = Listeners()
        self._pods = Reflector(
            client,
            scope.path,
            Pod,
            selector=scope.selector,
            fields=f"metadata.name={scope.pod}" if scope.pod else "",
            changed=self._changed,
            said=self._said,
        )

    @property
    def pods(self) -> int:
        """How many pods match now."""
        return len(self._pods.items)

    @property
    def queued(self) -> int:
        """Streams that wait for another to end."""
        return sum(stream.state is StreamState.QUEUED for stream in self.streams.values())

    @property
    def reconnects(self) -> int:
        """Cuts that were made good without loss."""
        return self._ended[0] + sum(stream.reconnects for stream in self.streams.values())

    @property
    def gaps(self) -> int:
        """Places where lines are, or may be, missing."""
        return self._ended[1] + sum(stream.gaps for stream in self.streams.values())

    @property
    def repeats(self) -> int:
        """Lines that came twice and were dropped."""
        return self._ended[2] + sum(stream.repeats for stream in self.streams.values())

    @property
    def ready(self) -> bool:
        """Whether the pods were listed once."""
        return self._begun

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called when pods, streams or the error change; lines are the ring's to tell."""
        return self._listeners.add(told)

    def start(self) -> None:
        """Begin to watch and to read."""
        self._spawn(self._pods.run())
        self._spawn(self._tick())

    def retry(self) -> None:
        """Do not wait before the next try."""
        self._pods.retry()
        for stream in self.streams.values():
            stream.update(stream.pod)

    def hold(self, held: bool) -> None:
        """Stop reading until it is called with False: whoever takes the lines is slower than they come. The servers
        keep them meanwhile.
        """
        if held:
            self._room.clear()
        else:
            self._room.set()

    async def turn(self) -> None:
        """Called by a stream before it hands on what it read: wait while reading is on hold, and let the loop do
        something else between the pieces of any two streams, however many have one ready.
        """
        async with self._turn:
            await self._room.wait()
            await asyncio.sleep(0)

    async def close(self) -> None:
        """End all streams; the ring stays."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def lines(self, stream: LogStream, entries: list[Entry]) -> None:
        """Called by a stream: put its lines into the ring."""
        batch = []
        for entry in entries:
            text = decode(entry.raw)
            flags = Flag.CUT if entry.cut else Flag.NONE
            batch.append(Line(entry.raw, text, entry.ns, entry.ns, stream.source, level=level_of(text), flags=flags))
        self.lines_read += len(batch)
        self.ring.extend(batch)

    def note(self, stream: LogStream, text: str, flags: Flag = Flag.NONE) -> None:
        """Called by a stream: put what happened to it into the ring."""
        now = time.time_ns()
        self.ring.append(Line(b"", text, now, now, stream.source, Direction.NOTE, flags=flags))

    def _changed(self, old: Pod | None, new: Pod | None) -> None:
        if not self._begun:
            return
        if new is None and old is not None:
            for stream in self._of(old.metadata.uid):
                stream.update(None)
                if stream.state is StreamState.ENDED:
                    self._drop((old.metadata.uid, stream.container))
        elif new is not None:
            self._join(new, {}, announce=True)
            for stream in self._of(new.metadata.uid):
                stream.update(new)
        self._listeners.tell()

    def _said(self, error: KubeError | None, _wait: float) -> None:
        self.error = error
        if error is None and not self._begun:
            self._begun = True
            pods = list(self._pods.items.values())
            begin = self._begin_params(sum(len(self._containers(pod)) for pod in pods))
            for pod in pods:
                self._join(pod, begin, announce=False)
        self._listeners.tell()

    def _begin_params(self, streams: int) -> Params:
        if self._since is not None:
            return {"sinceSeconds": max(1, int(self._since))}
        if self._tail is None:
            shared = max(20, min(_BACKLOG, _SHARED // max(1, streams)))
            return {"tailLines": _BACKLOG if self.scope.pod else shared}
        return {} if self._tail < 0 else {"tailLines": self._tail}

    def _join(self, pod: Pod, begin: Params, *, announce: bool) -> None:
        for container in self._containers(pod):
            key = (pod.metadata.uid, container)
            if key in self.streams:
                continue
            stream = LogStream(self._client, pod, container, self, slots=self._slots, begin=begin, announce=announce)
            self.streams[key] = stream
            self._spawn(self._run(key, stream))

    async def _run(self, key: tuple[str, str], stream: LogStream) -> None:
        await stream.run()
        if stream.gone:
            self._drop(key)
        self._listeners.tell()

    def _drop(self, key: tuple[str, str]) -> None:
        stream = self.streams.pop(key)
        for index, figure in enumerate((stream.reconnects, stream.gaps, stream.repeats)):
            self._ended[index] += figure

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, self._stall / 4))
            await asyncio.gather(*(stream.tick(self._stall) for stream in self.streams.values()))

    def _containers(self, pod: Pod) -> list[str]:
        return [name for name in container_names(pod) if self.scope.container in ("", name)]

    def _of(self, uid: str) -> list[LogStream]:
        return [stream for (pod, _), stream in self.streams.items() if pod == uid]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
