"""Building with `docker buildx build`, the command that users run themselves."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import suppress

from opsterm.services.docker.errors import BuildError, EngineLostError
from opsterm.services.docker.events import Built, Job, Told
from opsterm.services.docker.failures import explain
from opsterm.services.docker.progress import StepTracker
from opsterm.services.docker.rawjson import Reader

OLDEST = (0, 13)
"""The first buildx with `--progress=rawjson`."""
_PATIENCE = 1.0
"""How long a cancelled build may take to end by itself, in seconds."""
_LOST = (
    "Cannot connect to the Docker daemon",
    "error during connect",
    "closing transport",
    "error reading from server",
)


class Buildx:
    """The buildx plugin. `environment` says which engine it talks to, as for the docker command."""

    def __init__(self, version: str, url: str, environment: Mapping[str, str]) -> None:
        self.name = f"buildx {version}"
        self._url = url
        self._environment = dict(environment)

    @classmethod
    async def find(cls, url: str, environment: Mapping[str, str] = os.environ) -> Buildx | None:
        """The installed plugin, or None where there is none or one too old."""
        if not shutil.which("docker", path=environment.get("PATH")):
            return None
        process = await asyncio.create_subprocess_exec(
            *("docker", "buildx", "version"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environment),
        )
        try:
            async with asyncio.timeout(5.0):
                output, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return None
        found = re.search(rb"\bv?(\d+)\.(\d+)(?:\.\d+)?", output)
        if process.returncode or not found or (int(found[1]), int(found[2])) < OLDEST:
            return None
        return cls(found[0].decode().removeprefix("v"), url, environment)

    async def build(self, job: Job, told: Told) -> Built:
        """Build, telling each event. Raises BuildError and EngineLostError; when cancelled, the build has ended."""
        tracker = StepTracker(job.parsed, job.variant, told)
        reader = Reader()
        image = job.work / "image.id"
        image.unlink(missing_ok=True)
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *_command(job, str(image)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
        )
        assert process.stderr is not None
        try:
            while data := await process.stderr.read(65536):
                for update in reader.feed(data):
                    tracker.update(update)
            code = await process.wait()
        finally:
            if process.returncode is None:
                await _end(process)
        seconds = time.monotonic() - began
        for update in reader.end():
            tracker.update(update)
        tracker.finish(code == 0)
        if reader.malformed:
            raise BuildError(f"The progress that buildx tells cannot be read ({reader.malformed} records).")
        if code:
            message = next(
                (line for line in reader.messages if line.startswith("ERROR:")), "\n".join(reader.messages[-3:])
            )
            if any(sign in message for sign in _LOST):
                raise EngineLostError(self._url, "the connection ended")
            raise explain(job.variant, job.parsed, message, tracker.failed)
        return Built(image.read_text().strip(), seconds)


def _command(job: Job, image: str) -> list[str]:
    labels = [word for key, value in job.labels for word in ("--label", f"{key}={value}")]
    fresh = ["--no-cache"] if job.no_cache else []
    # Attestations give an image another id at each build of the same.
    options = [
        "--progress=rawjson",
        "--provenance=false",
        "--load",
        "--iidfile",
        image,
        "--file",
        str(job.dockerfile),
    ]
    return ["docker", "buildx", "build", *options, *fresh, *labels, str(job.context.root)]


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask the command and its plugin to end, then make them; both stop what the engine does for them.

    What they still say is read to its end, without which asyncio does not see that they have ended.
    """
    for sign in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await process.communicate()
            return
