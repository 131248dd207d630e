"""The log of one container of one pod, from its first run to the end of the pod.

A clean end of the stream does not mean that the container ended: servers and proxies close idle streams. So a run is
over only when the pod's status says so and a request made after that reached the end, or when the pod is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from enum import Enum
from typing import Protocol

from opsterm.services.backoff import Backoff
from opsterm.services.kube.client import Body, KubeClient, Params
from opsterm.services.kube.errors import (
    ApiError,
    KubeError,
    LoginExpiredError,
    NotFoundError,
    ThrottledError,
    UnreachableError,
)
from opsterm.services.kube.logs.entries import Entry, Splitter
from opsterm.services.kube.logs.instance import Instance, instance_of, is_over
from opsterm.services.kube.logs.position import Position, Replay
from opsterm.services.kube.types import Pod
from opsterm.services.lines import Flag
from opsterm.services.text import decode

_SETTLE = 5.0  # seconds of quiet after which a replay that proves nothing is taken for what it is
_DRAIN = 30.0  # seconds for which the log of a deleted pod may still come
_WHOLE = 30.0  # seconds that the answer to a request that does not follow may take
_HEALTHY = 10.0  # seconds after which a connection that ends is opened again without waiting
_TRIES = 4  # for the log of a run that is over, when the server has it no more


class StreamState(Enum):
    """How one stream is."""

    WAITING = "waiting"
    """The container has not run yet, or waits to be started again."""
    QUEUED = "queued"
    """More streams than may run at once."""
    FOLLOWING = "following"
    RETRYING = "retrying"
    ENDED = "ended"


class Sink(Protocol):
    """Where a stream's lines and notes go."""

    def lines(self, stream: LogStream, entries: list[Entry]) -> None:
        """Lines of the log, in order, each exactly once."""

    async def turn(self) -> None:
        """Wait until more lines are wanted, and until others had the loop."""

    def note(self, stream: LogStream, text: str, flags: Flag = Flag.NONE) -> None:
        """Something that happened to the stream, as one line of safe text."""


class _OtherRunError(Exception):
    """The server serves another run of the container than was asked for."""


class LogStream:
    """Follows one container. `begin` holds the parameters of the first request (`tailLines` or `sinceSeconds`)."""

    def __init__(
        self,
        client: KubeClient,
        pod: Pod,
        container: str,
        sink: Sink,
        *,
        slots: asyncio.Semaphore,
        begin: Params,
        announce: bool,
    ) -> None:
        self.pod = pod
        self.container = container
        self.source = f"{pod.metadata.name}/{container}"
        self.state = StreamState.WAITING
        self.error: KubeError | None = None
        """Why it retries."""
        self.reconnects = 0
        self.gaps = 0
        self.repeats = 0
        self.position = Position()
        self._client = client
        self._sink = sink
        self._slots = slots
        self._begin = dict(begin)
        self._announce = announce
        self._born = time.monotonic()
        self._gone_at = 0.0
        self._changed = asyncio.Event()
        self._fresh = True  # nothing of the current run was read yet; the position is still that of the run before
        self._clean = True  # the last request for the current run reached its end
        self._broke_at = 0.0  # moment of the cut that is not made good yet; 0 for none
        self._unfinished: list[Entry] = []  # a last line without ending; shown when nothing can follow
        self._body: Body | None = None
        self._heard = self._born

    @property
    def gone(self) -> bool:
        """Whether its pod was deleted."""
        return self._gone_at > 0

    def update(self, pod: Pod | None) -> None:
        """The pod as the watch has it now; None when it is gone."""
        if pod is None:
            self._gone_at = time.monotonic()
        else:
            self.pod = pod
        self._changed.set()

    async def run(self) -> None:
        """Read until the container will not run again; may be cancelled at any time."""
        read: Instance | None = None
        while (instance := await self._next(read)) is not None:
            if read is not None:
                await self._finish(read, instance)
                why = f", {instance.last_end}" if instance.last_end else ""
                self._sink.note(self, f"↻ {self.source} restarted #{instance.restarts}{why}")
                self._begin = {}
            elif self._announce:
                self._sink.note(self, f"+ {self.source} ({self.pod.spec.node_name or 'no node'}) started")
            self._fresh = self._clean = True
            self.state = StreamState.QUEUED
            async with self._slots:
                await self._follow(instance)
            self.state = StreamState.WAITING
            read = instance
        if self._unfinished:
            self._emit(self._unfinished)
        self.state = StreamState.ENDED
        if read is not None:
            if not self._clean:
                self._gap("its end may be missing")
            self._sink.note(self, f"− {self.source} ended")

    async def tick(self, stall: float) -> None:
        """Look whether a silent connection is dead: after `stall` seconds without a byte the newest line is asked
        for, and a connection that should have brought it is cut. The log of a deleted pod is cut when its time is up.
        """
        body = self._body
        if body is None:
            return
        now = time.monotonic()
        if self._gone_at and now - self._gone_at > _DRAIN:
            body.abort()
        if now - self._heard < stall:
            return
        self._heard = now
        try:
            newest = await self._once({"tailLines": 1})
        except ApiError:
            return
        except KubeError:
            newest = []
            body.abort()
        if body is self._body and newest and newest[-1].ns > self.position.latest_ns:
            body.abort()

    async def _next(self, read: Instance | None) -> Instance | None:
        """The run to read after `read`; None when there will be none."""
        while True:
            self._changed.clear()
            found = instance_of(self.pod, self.container)
            if found is not None and (read is None or found.id != read.id):
                return found
            if self._gone_at or (read is not None and is_over(self.pod, self.container)):
                return None
            await self._changed.wait()

    async def _follow(self, run: Instance) -> None:
        """Read one run to its end."""
        backoff = Backoff(0.25, 10.0)
        tries = 0
        while True:
            ended = self._has_ended(run)
            began = time.monotonic()
            try:
                await self._read(run, ended=ended)
                self._clean, self.error = True, None
            except LoginExpiredError as error:
                self._failed(error)
                await self._client.login.wait()
                continue
            except NotFoundError:
                return
            except _OtherRunError:
                self._clean = False
                return
            except KubeError as error:
                self._clean = self._clean and not isinstance(error, UnreachableError)
                self._failed(error)
                if ended and isinstance(error, ApiError) and not isinstance(error, ThrottledError) and tries > _TRIES:
                    return
            if self._gone_at or self._is_other(run) or (ended and self.error is None):
                return
            self._broke_at = self._broke_at or time.monotonic()
            if time.monotonic() - began > _HEALTHY:
                tries = 0
                backoff.reset()
            wait = backoff.next() if tries else 0.0
            tries += 1
            await self._pause(max(wait, self.error.retry_after) if isinstance(self.error, ThrottledError) else wait)

    async def _read(self, run: Instance, *, ended: bool) -> None:
        """One request, to its end. Raises KubeError."""
        replay = self.position.replay()
        splitter = Splitter()
        self._unfinished = []
        async with self._open(self._params()) as body:
            connected = time.monotonic()
            self._body, self._heard = body, connected
            self.state = StreamState.FOLLOWING
            try:
                while chunk := await self._chunk(body, replay):
                    await self._take(replay.admit(_stamped(splitter.feed(chunk))), run, replay, connected)
            finally:
                self._body = None
            rest = _stamped(splitter.flush())
            if not ended:
                self._unfinished = rest
                return
            last = replay.admit(rest)
            if not replay.decided:
                last += replay.give_up()
                if not last and not self._fresh:
                    self._gap("its end may be missing")
            await self._take(last, run, replay, connected)

    async def _chunk(self, body: Body, replay: Replay) -> bytes:
        """The next bytes, empty at the end; a replay that waits for more lines than come is decided on the way."""
        while replay.held:
            try:
                async with asyncio.timeout(_SETTLE):
                    chunk = await body.read()
            except TimeoutError:
                held = replay.give_up()
                if not self._fresh:
                    self._unproven(held)
                replay.proven = True
                self._emit(held)
            else:
                return await self._admitted(chunk)
        return await self._admitted(await body.read())

    async def _admitted(self, chunk: bytes) -> bytes:
        """`chunk`, when it is its turn. Until then nobody listens, and so silence means nothing."""
        self._heard = math.inf
        await self._sink.turn()
        self._heard = time.monotonic()
        return chunk

    async def _take(self, entries: list[Entry], run: Instance, replay: Replay, connected: float) -> None:
        """Hand on new lines. Raises _OtherRunError when they are of another run."""
        if not entries:
            return
        if not replay.proven and not self._fresh:
            if await self._restarted(run):
                raise _OtherRunError
            self._unproven(entries)
        elif self._broke_at:
            away, self._broke_at = connected - self._broke_at, 0.0
            self.reconnects += 1
            self.repeats += replay.repeats
            self._sink.note(
                self, f"⇄ {self.source} reconnected {away:.1f} s, 0 lost, {replay.repeats} repeats dropped"
            )
        replay.proven = True  # or said to be unproven, once
        self._emit(entries)

    def _unproven(self, entries: list[Entry]) -> None:
        seconds = max(0.0, (entries[0].ns - self.position.latest_ns) / 1e9)
        self._gap(f"at least {seconds:.1f} s unproven (log rotated?)")
        self._broke_at = 0.0

    async def _finish(self, read: Instance, new: Instance) -> None:
        """Fetch what is left of the run before `new`, or all of it where it came and went unseen."""
        seen = new.last_id == read.id and not self._fresh
        replay = self.position.replay() if seen else Position().replay()
        since = self.position.since() if seen else None
        rest: list[Entry] = []
        if new.last_id:
            with contextlib.suppress(KubeError):
                rest = replay.admit(await self._once({"previous": "true", **({"sinceTime": since} if since else {})}))
                rest += replay.give_up()
        if seen:
            whole = replay.proven or (self._clean and not rest)
        else:
            whole = self._clean or (new.last_id == read.id and bool(rest))
        if not whole:
            self._gap("the end of its last run may be missing")
        if rest:
            self._emit(rest)

    async def _once(self, params: Params) -> list[Entry]:
        """All lines of a request that does not follow. Raises KubeError."""
        splitter = Splitter()
        entries: list[Entry] = []
        try:
            async with asyncio.timeout(_WHOLE), self._open(params) as body:
                while chunk := await body.read():
                    entries += splitter.feed(chunk)
        except TimeoutError:
            raise UnreachableError(self._client.connection.where, "the log does not end") from None
        return [entry for entry in [*entries, *splitter.flush()] if entry.ns >= 0]

    def _open(self, params: Params) -> contextlib.AbstractAsyncContextManager[Body]:
        meta = self.pod.metadata
        return self._client.stream_log(meta.namespace, meta.name, self.container, params)

    def _params(self) -> Params:
        since = self.position.since()
        if since and not self._fresh:
            return {"follow": "true", "sinceTime": since}
        begin = dict(self._begin)
        if "sinceSeconds" in begin:  # counts back from now, and now is later than when it was meant
            begin["sinceSeconds"] = int(begin["sinceSeconds"]) + int(time.monotonic() - self._born)
        return {"follow": "true", **begin}

    async def _restarted(self, run: Instance) -> bool:
        """Whether the container was started again since `run`; asks the server, which knows before the watch does."""
        meta = self.pod.metadata
        try:
            pod = await self._client.get(f"/api/v1/namespaces/{meta.namespace}/pods/{meta.name}", Pod)
        except KubeError:
            return False
        if pod.metadata.uid == meta.uid:
            self.update(pod)
        return pod.metadata.uid != meta.uid or self._is_other(run)

    def _has_ended(self, run: Instance) -> bool:
        now = instance_of(self.pod, self.container)
        return now is not None and now.id == run.id and not now.running

    def _is_other(self, run: Instance) -> bool:
        now = instance_of(self.pod, self.container)
        return now is not None and now.id != run.id

    def _emit(self, entries: list[Entry]) -> None:
        self._fresh = False
        self._unfinished = []
        self.position.advance(entries)
        self._sink.lines(self, entries)

    def _failed(self, error: KubeError) -> None:
        self.error = error
        self._broke_at = self._broke_at or time.monotonic()
        self.state = StreamState.RETRYING

    def _gap(self, what: str) -> None:
        self.gaps += 1
        self._sink.note(self, f"▲ {self.source} gap: {what}", Flag.GAP)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not past a change of the pod."""
        if seconds:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()


def _stamped(entries: list[Entry]) -> list[Entry]:
    """`entries`, if they are lines of a log. A line without a time is the server's own word for why there is no log,
    which some servers send with a status of 200. Raises ApiError.
    """
    for entry in entries:
        if entry.ns < 0 and entry.raw:
            raise ApiError(200, decode(entry.raw), f"no log: {decode(entry.raw)}")
    return entries if all(entry.ns >= 0 for entry in entries) else [entry for entry in entries if entry.ns >= 0]
