"""Bad days of the engine: none there, one that comes back, no permission, one that goes away in the middle."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from opsterm.services.docker.connection import connect
from opsterm.services.docker.endpoint import resolve
from opsterm.services.docker.errors import BadEndpointError, EngineLostError, NoEngineError, NotAllowedError
from opsterm.services.docker.service import BuildService
from opsterm.services.service import State
from tests import rig_docker
from tests.waiting import until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "docker.sock"


@pytest.fixture
async def builds(path: Path, tmp_path: Path) -> AsyncIterator[BuildService]:
    service = BuildService(connect=partial(connect, {"DOCKER_HOST": f"unix://{path}"}, "rest"))
    await service.open(rig_docker.project(tmp_path / "p", a="FROM a\nCOPY . .\n", b="FROM a\nCOPY . .\n"))
    await service.start()
    yield service
    await service.stop()


@asynccontextmanager
async def engine(path: Path, *, build_breaks: bool = False) -> AsyncIterator[None]:
    """An engine that answers, and whose builds end without a result."""

    async def version(_: web.Request) -> web.Response:
        return web.json_response({"Version": "99.9", "ApiVersion": "1.60", "MinAPIVersion": "1.44"})

    async def cache(_: web.Request) -> web.Response:
        return web.json_response({"BuildCache": None})

    async def none(_: web.Request) -> web.Response:
        return web.json_response([])

    async def build(request: web.Request) -> web.StreamResponse:
        await request.read()
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b'{"id":"moby.buildkit.trace","aux":""}\n')
        assert request.transport is not None
        if build_breaks:
            request.transport.abort()
        return answer

    app = web.Application()
    app.add_routes([web.get("/version", version), web.get("/v1.47/_ping", none), web.get("/v1.47/system/df", cache)])
    app.add_routes([web.get("/v1.47/images/json", none), web.post("/v1.47/build", build)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def test_without_an_engine_the_service_waits_and_comes_back(builds: BuildService, path: Path) -> None:
    await until(lambda: builds.status.state is State.LOST)
    assert builds.status.reason == f"No Docker engine at unix://{path}."
    assert "systemctl start docker" in builds.status.hint
    assert builds.status.retry_at is not None
    with pytest.raises(NoEngineError):
        builds.run()
    async with engine(path):
        builds.retry()
        await until(lambda: builds.status.state is State.LIVE)
        assert builds.engine == "BuildKit, engine 99.9"
        assert builds.failure is None


async def test_an_engine_that_went_is_noticed(builds: BuildService, path: Path) -> None:
    async with engine(path):
        builds.retry()
        await until(lambda: builds.status.state is State.LIVE)
    path.unlink(missing_ok=True)
    builds.retry()
    await until(lambda: builds.status.state is State.LOST)


@pytest.mark.parametrize("build_breaks", [True, False])
async def test_an_engine_lost_in_the_middle_ends_the_comparison(
    builds: BuildService, path: Path, build_breaks: bool
) -> None:
    async with engine(path, build_breaks=build_breaks):
        builds.retry()
        await until(lambda: builds.status.state is State.LIVE)
        builds.run()
        await builds.wait()
        assert isinstance(builds.failure, EngineLostError)
        assert list(builds.results) == ["Dockerfile.a"]
        await until(lambda: builds.status.state is State.LIVE, "the engine is reached again")


async def test_nobody_listening_on_the_socket_is_no_engine(builds: BuildService, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    builds.retry()
    await until(lambda: "connection refused" in builds.status.reason)
    assert builds.status.state is State.LOST


@pytest.mark.parametrize("answer", ["hello", "[]"])
async def test_something_else_on_the_socket_is_no_engine(builds: BuildService, path: Path, answer: str) -> None:
    async def say(_: web.Request) -> web.Response:
        return web.Response(text=answer)

    app = web.Application()
    app.add_routes([web.get("/version", say)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    builds.retry()
    await until(lambda: "what answers there is something else" in builds.status.reason)
    await runner.cleanup()
    assert builds.status.state is State.LOST


@pytest.mark.parametrize("broken", ["{", "[]", '{"Name": 5, "Endpoints": []}'])
async def test_a_broken_context_names_itself(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"mine").hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(broken)
    (tmp_path / "config.json").write_text('{"currentContext": "mine"}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(BadEndpointError):
        await resolve({})


async def test_stop_comes_back_while_an_engine_is_looked_for(builds: BuildService) -> None:
    await until(lambda: builds.status.state is State.LOST)
    await builds.stop()
    await builds.stop()
    assert builds.status.state is State.OFF


CONTEXTS = [
    ({"DOCKER_CONTEXT": "nosuch"}, "No Docker context nosuch"),
    ({"DOCKER_HOST": "nonsense://x"}, "cannot be used"),
    ({"DOCKER_HOST": "ssh://box"}, "behind ssh"),
    ({"DOCKER_HOST": "tcp://box:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/none"}, "cannot be used"),
]


@pytest.mark.parametrize(("environment", "words"), CONTEXTS, ids=str)
async def test_bad_settings_name_themselves(environment: dict[str, str], words: str) -> None:
    with pytest.raises(BadEndpointError, match=words):
        await resolve(environment)


async def test_bad_settings_wait_for_the_user() -> None:
    service = BuildService(connect=partial(connect, {"DOCKER_HOST": "ssh://box"}))
    await service.start()
    await until(lambda: service.status.state is State.FAILED)
    assert service.status.retry_at is None
    await service.stop()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("unix:///x/y.sock", "unix:///x/y.sock"),
        ("tcp://box:2375", "tcp://box:2375"),
        ("", "unix:///var/run/docker.sock"),
    ],
)
async def test_where_the_engine_is(host: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    assert (await resolve({"DOCKER_HOST": host} if host else {})).url == url


def test_no_permission_names_the_socket_its_group_and_what_to_do(path: Path, tmp_path: Path) -> None:
    """As a user who may not: root without its override of permissions meets the same refusal."""
    folder = rig_docker.project(tmp_path / "p", a="FROM a\nCOPY . .\n")
    drop: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("needs setpriv, to be a user without permission")
        drop = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        if drop:
            shutil.chown(path, "nobody", "games")
        path.chmod(0o060 if drop else 0)
        done = subprocess.run(
            [*drop, sys.executable, "-m", "opsterm.tui.cli", "build", "--plain", str(folder)],
            env={**os.environ, "DOCKER_HOST": f"unix://{path}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 4
    assert f"✖ Permission denied: {path} (" in done.stderr
    assert "usermod -aG" in done.stderr
    assert done.stderr.count("\n") == 1
    if drop:
        assert "(nobody:games)" in done.stderr
        assert "usermod -aG games $USER" in done.stderr


def test_the_group_of_a_socket_of_root_is_docker(tmp_path: Path) -> None:
    assert "usermod -aG docker $USER" in NotAllowedError(str(tmp_path / "none")).hint


def test_importing_the_service_waits_for_no_heavy_library() -> None:
    code = "import sys, opsterm.services.docker.service; print({'aiohttp', 'docker', 'requests'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
