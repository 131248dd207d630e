"""A guest book small enough to read at once: what the Dockerfiles beside it put into an image."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from flask import Flask, Response, jsonify, request

app = Flask(__name__)
entries: list[dict[str, str]] = []


@app.get("/")
def index() -> str:
    """Say who serves and how many have written."""
    return f"Guest book on {os.uname().nodename}: {len(entries)} entries.\n"


@app.get("/entries")
def read() -> Response:
    """All entries, newest first."""
    return jsonify(entries[::-1])


@app.post("/entries")
def write() -> tuple[Response, int]:
    """Add an entry: a JSON object with `name` and `text`."""
    sent = request.get_json()
    entry = {"name": sent["name"], "text": sent["text"], "at": datetime.now(UTC).isoformat(timespec="seconds")}
    entries.append(entry)
    return jsonify(entry), 201


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8000)  # noqa: S104  a container's own network
