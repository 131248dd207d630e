"""The wire of the small API server: lists in pages, watches with bookmarks, logs. Real HTTP, chunked as the real one.

Paths and answers follow the Kubernetes API (core/v1, apps/v1); kubectl can be pointed at it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from opsterm.tui.demo.cluster_faults import Cut, CutError, Faults, end, or_cut
from opsterm.tui.demo.cluster_logs import ContainerRun, since_ns, stamp
from opsterm.tui.demo.cluster_store import Change, Matches, Object, Store, matcher

KINDS = {"namespaces": ("v1", "Namespace"), "pods": ("v1", "Pod"), "deployments": ("apps/v1", "Deployment")}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_BATCH = 200  # log lines in one chunk


class Api:
    """Answers requests from `store` and `runs`. `token` is what clients must show, `bookmark` seconds between
    two bookmarks.
    """

    def __init__(self, store: Store, faults: Faults, runs: dict[tuple[str, str], ContainerRun], token: str) -> None:
        self.store = store
        self.faults = faults
        self.runs = runs
        self.token = token
        self.bookmark = 10.0
        self.requests: list[str] = []
        """Method and path of each request."""

    def app(self) -> web.Application:
        """The application to serve."""
        app = web.Application(middlewares=[self._admit])
        app.router.add_get("/version", self._version)
        for resource, (group, _) in KINDS.items():
            base = "/api/v1" if group == "v1" else f"/apis/{group}"
            app.router.add_get(f"{base}/{resource}", self._list)
            if resource == "namespaces":
                app.router.add_get(f"{base}/namespaces/{{name}}", self._get)
            else:
                app.router.add_get(f"{base}/namespaces/{{namespace}}/{resource}", self._list)
                app.router.add_get(f"{base}/namespaces/{{namespace}}/{resource}/{{name}}", self._get)
        app.router.add_get("/api/v1/namespaces/{namespace}/pods/{name}/log", self._log)
        return app

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return failure(401, "Unauthorized", "Unauthorized")
        if self.faults.throttled > 0:
            self.faults.throttled -= 1
            answer = failure(429, "TooManyRequests", "too many requests, please try again later")
            answer.headers["Retry-After"] = str(self.faults.retry_after)
            return answer
        try:
            return await handler(request)
        except web.HTTPException as error:
            return failure(error.status, "NotFound", "the server could not find the requested resource")

    def _denied(self, request: web.Request, verb: str, resource: str) -> web.Response | None:
        if (verb, resource) not in self.faults.denied:
            return None
        namespace = request.match_info.get("namespace")
        place = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
        said = f'User "viewer" cannot {verb} resource "{resource}" in API group ""{place}'
        return failure(403, "Forbidden", f"{resource} is forbidden: {said}")

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"major": "1", "minor": "31", "gitVersion": "v1.31.0-opsterm"})

    async def _get(self, request: web.Request) -> web.Response:
        resource = _resource(request)
        name = request.match_info["name"]
        item = self.store.get(resource, request.match_info.get("namespace", ""), name)
        denied = self._denied(request, "get", resource)
        if denied or item is None:
            return denied or failure(404, "NotFound", f'{resource} "{name}" not found')
        return web.json_response(_typed(resource, item))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        resource = _resource(request)
        matches = matcher(request.query.get("labelSelector", ""), request.query.get("fieldSelector", ""))
        watch = request.query.get("watch") in ("1", "true")
        denied = self._denied(request, "watch" if watch else "list", resource)
        if denied:
            return denied
        if watch:
            return await self._watch(request, resource, matches)
        version, start = self.store.version, 0
        if request.query.get("continue"):
            version, start = json.loads(base64.b64decode(request.query["continue"]))
            if version < self.store.oldest:
                return failure(410, "Expired", "The provided continue parameter is too old")
        items = self.store.all(resource, request.match_info.get("namespace"), matches)
        limit = int(request.query.get("limit") or 0) or len(items)
        meta: dict[str, Any] = {"resourceVersion": str(version)}
        if start + limit < len(items):
            meta["continue"] = base64.b64encode(json.dumps([version, start + limit]).encode()).decode()
            meta["remainingItemCount"] = len(items) - start - limit
        group, kind = KINDS[resource]
        page = items[start : start + limit]
        return web.json_response({"kind": f"{kind}List", "apiVersion": group, "metadata": meta, "items": page})

    async def _watch(self, request: web.Request, resource: str, matches: Matches) -> web.StreamResponse:
        version = int(request.query.get("resourceVersion") or self.store.version)
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        seconds = float(request.query.get("timeoutSeconds") or 1800)
        with contextlib.suppress(ConnectionError):
            if version < self.store.oldest:
                await answer.write(_event("ERROR", _status(410, "Expired", f"too old resource version: {version}")))
            else:
                with self.faults.going_on(resource) as run, contextlib.suppress(TimeoutError):
                    try:
                        async with asyncio.timeout(seconds):
                            await self._events(request, resource, matches, version, answer, run)
                    except CutError as cut:
                        if cut.how is Cut.ERROR:
                            await answer.write(_event("ERROR", _status(500, "InternalError", "etcd event lost")))
                        await end(request, cut.how)
            await answer.write_eof()
        return answer

    async def _events(  # noqa: PLR0917
        self,
        request: web.Request,
        resource: str,
        matches: Matches,
        version: int,
        answer: web.StreamResponse,
        run: Any,
    ) -> None:
        namespace = request.match_info.get("namespace")
        bookmarks = request.query.get("allowWatchBookmarks") in ("1", "true")
        while True:
            try:
                async with asyncio.timeout(self.bookmark):
                    changes = await or_cut(run, self.store.news(version))
            except TimeoutError:
                if bookmarks:
                    meta = {"resourceVersion": str(version), "creationTimestamp": None}
                    await answer.write(_event("BOOKMARK", _typed(resource, {"metadata": meta})))
                continue
            told = b"".join(_told(change, resource, namespace, matches) for change in changes)
            if told:
                await answer.write(told)
            version = changes[-1].version if changes else self.store.version

    async def _log(self, request: web.Request) -> web.StreamResponse:
        namespace, name = request.match_info["namespace"], request.match_info["name"]
        denied = self._denied(request, "get", "pods/log")
        pod = self.store.get("pods", namespace, name)
        if denied or pod is None:
            return denied or failure(404, "NotFound", f'pods "{name}" not found')
        names = [c["name"] for c in pod["spec"]["containers"]]
        container = request.query.get("container") or names[0]
        run = self.runs.get((pod["metadata"]["uid"], container))
        if run is None:
            said = f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating'
            return failure(400, "BadRequest", said)
        if request.query.get("previous") == "true":
            if run.previous is None:
                return failure(
                    400, "BadRequest", f'previous terminated container "{container}" in pod "{name}" not found'
                )
            run = run.previous
        tail = request.query.get("tailLines")
        since = since_ns(request.query.get("sinceTime"), request.query.get("sinceSeconds"))
        index = run.start_index(int(tail) if tail is not None else None, since)
        answer = web.StreamResponse(headers={"Content-Type": "text/plain"})
        with self.faults.going_on("pods/log", name) as going, contextlib.suppress(ConnectionError):
            try:
                await self._lines(request, run, index, answer, going)
            except CutError as cut:
                await end(request, cut.how)
            if not answer.prepared:
                await answer.prepare(request)
            await answer.write_eof()
        return answer

    async def _lines(
        self, request: web.Request, run: ContainerRun, index: int, answer: web.StreamResponse, going: Any
    ) -> None:
        """Write what there is, then follow; headers go with the first line, as they do with the real one."""
        follow = request.query.get("follow") == "true"
        stamps = request.query.get("timestamps") == "true"
        while index < len(run.lines) or (follow and await or_cut(going, run.more(index))):
            batch = run.lines[index : index + _BATCH]
            index += len(batch)
            if not answer.prepared:
                await answer.prepare(request)
            await or_cut(
                going,
                answer.write(
                    b"".join((stamp(ns).encode() + b" " if stamps else b"") + text + b"\n" for ns, text in batch)
                ),
            )


def failure(status: int, reason: str, message: str) -> web.Response:
    """An answer that is no success, as the API words it."""
    return web.json_response(_status(status, reason, message), status=status)


def _status(code: int, reason: str, message: str) -> Object:
    said = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return {**said, "message": message, "reason": reason, "code": code}


def _resource(request: web.Request) -> str:
    parts = request.path.split("/")
    return next(resource for resource in ("deployments", "pods", "namespaces") if resource in parts)


def _typed(resource: str, item: Object) -> Object:
    group, kind = KINDS[resource]
    return {"kind": kind, "apiVersion": group, **item}


def _event(kind: str, item: Object) -> bytes:
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


def _told(change: Change, resource: str, namespace: str | None, matches: Matches) -> bytes:
    """A change as a watcher sees it who asked for what `matches`: objects appear and go as they begin or cease to."""
    if change.kind != resource:
        return b""
    item = change.new or change.old
    if item is None or (namespace and item["metadata"].get("namespace") != namespace):
        return b""
    before = change.old is not None and matches(change.old)
    after = change.new is not None and matches(change.new)
    if not before and not after:
        return b""
    kind = "DELETED" if not after else "MODIFIED" if before else "ADDED"
    return _event(kind, _typed(resource, item))
