"""Building with BuildKit over the engine's own API, without any command installed.

`POST /build` with `version=2` takes a tar file and answers with JSON lines, among them BuildKit's progress records.
What needs a session with the client (secrets, ssh keys) cannot be built this way.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import aiohttp
from aiohttp import payload

from opsterm.services.docker.client import Client
from opsterm.services.docker.context import archive, to_its_end
from opsterm.services.docker.errors import BuildError, EngineLostError
from opsterm.services.docker.events import Built, Job, Told
from opsterm.services.docker.failures import explain
from opsterm.services.docker.progress import StepTracker
from opsterm.services.docker.trace import decode

OLDEST = (1, 39)
"""The first version of the API with BuildKit."""


class Rest:
    """BuildKit inside the engine that `client` talks to."""

    name = "BuildKit"

    def __init__(self, client: Client) -> None:
        self._client = client

    async def build(self, job: Job, told: Told) -> Built:
        """Build, telling each event. Raises BuildError and EngineError; when cancelled, the connection is closed."""
        tracker = StepTracker(job.parsed, job.variant, told)
        params = {
            "version": "2",
            "dockerfile": "Dockerfile",
            "nocache": "1" if job.no_cache else "0",
            "labels": json.dumps(dict(job.labels)),
        }
        tar = job.work / "context.tar"
        await to_its_end(archive, job.context, job.dockerfile, tar)
        data = await asyncio.to_thread(tar.open, "rb")
        try:
            began = time.monotonic()
            async with self._client.build(params, payload.BufferedReaderPayload(data)) as answer:
                image, error = await _follow(answer, tracker)
            seconds = time.monotonic() - began
        finally:
            data.close()
        tracker.finish(bool(image) and not error)
        if error:
            raise _needs_session(error) or explain(job.variant, job.parsed, error, tracker.failed)
        if not image:
            raise EngineLostError(self._client.endpoint.url, "the build's answer ended early")
        return Built(image, seconds)


async def _follow(answer: aiohttp.ClientResponse, tracker: StepTracker) -> tuple[str, str]:
    """Read the answer to its end; the image's id and the error, either of them empty."""
    image = error = ""
    rest = b""
    async for chunk in answer.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in filter(bytes.strip, lines):
            record = _record(line)
            if record.get("id") == "moby.buildkit.trace":
                tracker.update(_update(record["aux"]))
            elif record.get("id") == "moby.image.id":
                image = str(record["aux"]["ID"])
            elif record.get("error"):
                error = str(record["error"])
    return image, error


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise _unreadable(error) from error
    return record if isinstance(record, dict) else {}


def _update(aux: str) -> Any:
    try:
        return decode(base64.b64decode(aux, validate=True))
    except (ValueError, TypeError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> BuildError:
    return BuildError(f"The progress that the engine tells cannot be read: {error}.")


def _needs_session(error: str) -> BuildError | None:
    if "no active sessions" not in error:
        return None
    return BuildError("The Dockerfile mounts a secret or an ssh key, which needs buildx.", "Install docker-buildx.")
