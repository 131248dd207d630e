"""What Spotlight does, as far as it is used here: it takes envelopes, and passes them on as server-sent events.

The form is that of getsentry/spotlight 4; tests run both, where the real one is installed.
"""

from __future__ import annotations

import asyncio
import json
import socket
from types import TracebackType

from aiohttp import web

POWERED = {"X-Powered-By": "spotlight-by-sentry"}


class FakeSpotlight:
    """Listens on `port` (0: a free one, known after entering)."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.asked_after: list[str] = []
        """The last ids that readers told."""
        self._events: list[bytes] = []
        self._more = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._readers: set[web.StreamResponse] = set()

    async def __aenter__(self) -> FakeSpotlight:
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_get("/stream", self._stream)
        app.router.add_post("/stream", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        sock = socket.create_server(("127.0.0.1", self.port))
        self.port = sock.getsockname()[1]
        await web.SockSite(self._runner, sock).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def pass_on(self, event: bytes) -> None:
        """Send these bytes to all readers, now and later."""
        async with self._more:
            self._events.append(event)
            self._more.notify_all()

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(text="OK", headers=POWERED)

    async def _take(self, request: web.Request) -> web.Response:
        lines = (await request.read()).split(b"\n")
        items = [
            [json.loads(head), json.loads(payload)] for head, payload in zip(lines[1::2], lines[2::2], strict=False)
        ]
        number = len(self._events)
        envelope = [{**json.loads(lines[0]), "__spotlight_envelope_id": f"id-{number}"}, items]
        name = "application/x-sentry-envelope;base64"
        await self.pass_on(f"id: id-{number}\nevent: {name}\ndata: {json.dumps(envelope)}\n\n".encode())
        return web.Response(headers=POWERED)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        last = request.headers.get("Last-Event-ID", "")
        self.asked_after.append(last)
        answer = web.StreamResponse(headers={**POWERED, "Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b"\n")
        sent = int(last.removeprefix("id-")) + 1 if last else 0
        while True:
            for event in self._events[sent:]:
                await answer.write(event)
            sent = len(self._events)
            async with self._more:
                while len(self._events) == sent:
                    await self._more.wait()
