"""The real engine for tests: small projects, services on either builder, and what is on the engine."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import pytest

from opsterm.services.docker.buildx import Buildx
from opsterm.services.docker.connection import connect
from opsterm.services.docker.context import stage
from opsterm.services.docker.dockerfile import parse
from opsterm.services.docker.events import Event, Job, StepDone
from opsterm.services.docker.service import BuildService
from opsterm.services.service import State
from tests.needs import need
from tests.waiting import until

SOCKET = "/var/run/docker.sock"
BASE = "rig.test/busybox:1"
BASELINE = f"FROM {BASE}\nWORKDIR /app\nCOPY . .\nRUN cat requirements.txt > installed\n"
DEPENDENCIES_FIRST = (
    f"FROM {BASE}\nWORKDIR /app\nCOPY requirements.txt .\nRUN cat requirements.txt > installed\nCOPY . .\n"
)


async def ask(path: str, method: str = "GET") -> Any:
    """What the engine answers, past everything that is tested."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(SOCKET)) as session,
        session.request(method, f"http://docker{path}") as answer,
    ):
        text = await answer.text()
    return json.loads(text) if text else None


async def present() -> tuple[set[str], set[str]]:
    """The ids of all images and of all containers, but not of those of a cluster's pods: they come and go."""
    images, containers = await ask("/images/json?all=1"), await ask("/containers/json?all=1")
    own = {one["Id"] for one in containers if "io.kubernetes.pod.name" not in one["Labels"]}
    return {one["Id"] for one in images}, own


async def ours() -> list[str]:
    """The images that any comparison made."""
    filters = json.dumps({"label": ["opsterm.run"]})
    return [one["Id"] for one in await ask(f"/images/json?all=1&filters={filters}")]


async def engine(builder: str = "", *bases: str) -> None:
    """Skip the test, or fail it where docker is required, unless there is an engine with `builder` and images."""
    need("docker")
    lacking = [base for base in (BASE, *bases) if "Id" not in await ask(f"/images/{base}/json")]
    if builder == "buildx" and await Buildx.find(f"unix://{SOCKET}") is None:
        lacking.append("buildx")
    if lacking and "docker" in os.environ.get("OPSTERM_REQUIRE", "").split(","):
        pytest.fail(f"OPSTERM_REQUIRE asks for docker: no {', '.join(lacking)}", pytrace=False)
    if lacking:
        pytest.skip(f"needs {', '.join(lacking)} on the engine")


def project(folder: Path, **dockerfiles: str) -> Path:
    """A small program with a list of dependencies; `baseline=...` becomes `Dockerfile.baseline`."""
    folder.mkdir()
    (folder / "app.py").write_text("print('hello')\n")
    (folder / "requirements.txt").write_text("flask==3\n")
    for name, source in dockerfiles.items():
        (folder / f"Dockerfile.{name}").write_text(source)
    return folder


def state_of(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Content, mode and time of every file of a folder."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            stat = path.stat()
            found[str(path.relative_to(folder))] = (path.read_bytes(), stat.st_mode, stat.st_mtime_ns)
    return found


@asynccontextmanager
async def service(folder: Path, builder: str = "", reps: int = 1) -> AsyncIterator[BuildService]:
    """A service with the real engine and `folder` open."""
    one = BuildService(reps, partial(connect, builder=builder))
    await one.open(folder)
    await one.start()
    try:
        await until(lambda: one.status.state is State.LIVE, f"the engine answers: {one.status}")
        yield one
    finally:
        await one.stop()


async def cache_with(text: str) -> set[str]:
    """The ids of the records of the build cache whose description holds `text`; not the folders that buildx sends,
    of which BuildKit keeps a few to use them again.
    """
    records = (await ask("/system/df"))["BuildCache"]
    return {one["ID"] for one in records if text in one["Description"] and one["Type"] != "source.local"}


async def remove_cache(record: str) -> None:
    """Remove one record of the build cache."""
    await ask(f"/build/prune?all=1&filters={json.dumps({'id': [record]})}", "POST")


async def build_as_user(folder: Path, name: str, builder: str) -> tuple[str, list[StepDone]]:
    """Build a Dockerfile of `folder` without anything of a comparison: the image's id, and its steps."""
    heard: list[Event] = []
    with TemporaryDirectory() as work:
        context = await stage(folder, folder / ".dockerignore", Path(work, "context"))
        source = (folder / name).read_text()
        connection = await connect(builder=builder)
        try:
            job = Job(name, "", parse(source), context, Path(work), no_cache=False)
            job.dockerfile.write_text(source)
            built = await connection.build(job, heard.append)
        finally:
            await connection.close()
    return built.image, [event for event in heard if isinstance(event, StepDone)]


def cached(one: BuildService, variant: str, phase: Any) -> dict[str, bool]:
    """Whether each step of a measured phase came from the cache, by the step's name."""
    return {done.step.name: done.cached for done in one.results[variant].measures[phase].counted}
