"""A Sentry server as far as receiving goes: it takes what is posted, and keeps every byte of it."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class Ingest:
    """Listens on this machine, on a thread of its own."""

    def __init__(self) -> None:
        self.connections = 0
        self.raw: list[bytes] = []
        """Of each request, its header and its body, unpacked."""
        self.paths: list[str] = []
        ingest = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                ingest.connections += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ingest.paths.append(self.path)
                ingest.raw.append(bytes(self.headers) + unpacked(body, self.headers.get("Content-Encoding", "")))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    @property
    def dsn(self) -> str:
        """How a program reports here."""
        return f"http://publickey@127.0.0.1:{self.port}/1"

    @property
    def items(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What came, item by item: its type and its payload."""
        return [item for body in self.raw for item in items_of(body)]

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """The payloads of one type."""
        return [payload for found, payload in self.items if found == kind]


def unpacked(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body)
    if encoding == "br":
        import brotli  # noqa: PLC0415  sentry_sdk packs so where it is installed

        return bytes(brotli.decompress(body))
    return body


def items_of(request: bytes) -> list[tuple[str, Mapping[str, Any]]]:
    """The items of an envelope, all of JSON, behind the header of a request."""
    lines = request.split(b"\n\n", 1)[1].strip().split(b"\n")[1:]
    return [
        (json.loads(head)["type"], json.loads(payload)) for head, payload in zip(lines[::2], lines[1::2], strict=True)
    ]
