"""Stopping the service: at once, whatever it is about to do, and with nothing left behind."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from types import CodeType

import pytest
import yaml

from opsterm.services.kube.service import PodService
from opsterm.services.service import State
from opsterm.tui.demo.cluster import Cluster
from opsterm.tui.demo.cluster_faults import Cut
from tests.rig_kube import by_source, numbered
from tests.waiting import thread_turn, turns, until

HUNG = 5.0  # seconds; stopping is a matter of milliseconds, and must not wait for anybody


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster() as cluster:
        cluster.add_pod("web", programs={"app": numbered})
        await until(lambda: cluster.runs, "it runs")
        yield cluster


async def ended(service: PodService) -> None:
    """Stop it, and see that no task of it is left."""
    async with asyncio.timeout(HUNG):
        await service.stop()
    assert service.status.state is State.OFF
    assert not [task for task in asyncio.all_tasks() if "services/kube" in inspect.getfile(code_of(task))]


def code_of(task: asyncio.Task[object]) -> CodeType:
    """What a task runs."""
    code = getattr(task.get_coro(), "cr_code", None)
    assert isinstance(code, CodeType)
    return code


@pytest.mark.parametrize("steps", [*range(12), *range(15, 150, 7)])
async def test_after_any_number_of_steps_of_the_loop(cluster: Cluster, steps: int) -> None:
    service = PodService(files=[cluster.kubeconfig])
    await service.start()
    for step in range(steps):
        await (turns() if step % 3 else thread_turn())  # a thread reads the file meanwhile
    await ended(service)
    await ended(service)


@pytest.mark.parametrize("steps", [*range(0, 60, 4)])
async def test_while_logs_are_opened_and_read(cluster: Cluster, steps: int) -> None:
    service = PodService(files=[cluster.kubeconfig])
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "the cluster is reached")
    hub = service.logs(selector="app=web")
    assert any("services/kube" in inspect.getfile(code_of(task)) for task in asyncio.all_tasks())
    for _ in range(steps):
        await thread_turn()
    await ended(service)
    read = hub.ring.next_seq
    cluster.write("web", "after the end")
    assert hub.ring.next_seq == read


@pytest.mark.parametrize("how", list(Cut))
async def test_while_a_connection_breaks(cluster: Cluster, how: Cut) -> None:
    service = PodService(files=[cluster.kubeconfig])
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "the cluster is reached")
    hub = service.logs(pod="web")
    await until(lambda: by_source(hub), "lines come")
    cluster.cut_logs(how)
    cluster.cut_watches(how)
    await ended(service)


async def test_while_a_server_never_answers(tmp_path: Path) -> None:
    taken = asyncio.Event()

    async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set()
        await asyncio.Event().wait()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    service = PodService(files=[kubeconfig(tmp_path, {}, f"http://127.0.0.1:{address[1]}")])
    await service.start()
    await until(taken.is_set, "it asks")
    await ended(service)
    server.close()


async def test_while_a_login_program_hangs(tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text(f"#!/bin/sh\ntouch {tmp_path}/running\nsleep 60; true\n")
    file.chmod(0o700)
    service = PodService(files=[kubeconfig(tmp_path, {"exec": {"command": str(file)}}, "http://127.0.0.1:9")])
    await service.start()
    await until((tmp_path / "running").exists, "the program runs")
    await ended(service)


async def test_start_after_stop_begins_again(cluster: Cluster) -> None:
    service = PodService(files=[cluster.kubeconfig])
    for _ in range(2):
        await service.start()
        await until(lambda: service.status.state is State.LIVE and len(service.pods) == 1, "the pod is listed")
        await ended(service)


def kubeconfig(folder: Path, user: dict[str, object], server: str) -> Path:
    """A kubeconfig with one context."""
    document = {
        "current-context": "dev",
        "clusters": [{"name": "dev", "cluster": {"server": server}}],
        "users": [{"name": "dev", "user": user}],
        "contexts": [{"name": "dev", "context": {"cluster": "dev", "user": "dev"}}],
    }
    file = folder / "config"
    file.write_text(yaml.safe_dump(document))
    return file
