"""One way to ask two clusters for the same thing: the embedded one of the demo, and the real one of the rig.

`World` is what a test says; `Embedded` and `Real` do it. Workloads write numbered lines, `NAME line 0`, `NAME line 1`
and so on, and say `NAME bye` when they are asked to end.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from opsterm.services.kube.logs.hub import LogHub
from opsterm.services.kube.service import PodService
from opsterm.services.lines import Direction
from opsterm.tui.demo.cluster import Cluster
from opsterm.tui.demo.cluster_life import Process
from tests.needs import need, rig
from tests.waiting import until, until_done

_SCRIPT = (
    'trap "echo $HOSTNAME bye; exit 0" TERM; i=0; while true; do echo $HOSTNAME line $i; i=$((i+1)); sleep 0.05; done'
)


async def numbered(process: Process) -> int:
    """The program of the embedded workloads."""
    number = 0
    while True:
        process.write(f"{process.pod} line {number}")
        number += 1
        if await process.wait(0.02):
            process.write(f"{process.pod} bye")
            return 0


class World(ABC):
    """A cluster with a namespace of its own for one test."""

    namespace: str
    kubeconfig: Path

    def service(self, namespace: str | None = "") -> PodService:
        """A service on this cluster."""
        return PodService(namespace=self.namespace if namespace == "" else namespace, files=[self.kubeconfig])

    @abstractmethod
    async def deploy(self, name: str, replicas: int) -> None:
        """A deployment of numbered lines, labelled `app=NAME`, with all pods running."""

    @abstractmethod
    async def rollout(self, name: str) -> None:
        """Replace its pods one by one; returns when the old ones are gone."""

    @abstractmethod
    async def add_pod(self, name: str) -> None:
        """A pod of numbered lines, labelled `app=NAME`."""

    @abstractmethod
    async def delete_pod(self, name: str) -> None:
        """Delete a pod."""


class Embedded(World):
    """The cluster of the demo."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.namespace = "shop"
        self.kubeconfig = cluster.kubeconfig

    async def deploy(self, name: str, replicas: int) -> None:
        self.cluster.life.add_deployment(self.namespace, name, replicas, {"app": numbered})
        await until(lambda: len(self.cluster.runs) >= replicas, "pods run")

    async def rollout(self, name: str) -> None:
        await self.cluster.rollout(name, namespace=self.namespace)

    async def add_pod(self, name: str) -> None:
        self.cluster.add_pod(name, namespace=self.namespace, programs={"app": numbered})

    async def delete_pod(self, name: str) -> None:
        await self.cluster.delete_pod(name, namespace=self.namespace)


class Real(World):
    """The cluster of the rig."""

    def __init__(self, kubeconfig: Path, kubectl: str) -> None:
        self.kubeconfig = kubeconfig
        self.kubectl = kubectl
        self.namespace = f"test-{uuid.uuid4().hex[:8]}"

    async def run(self, *arguments: str, given: str = "") -> str:
        """kubectl in the namespace of this test."""
        process = await asyncio.create_subprocess_exec(
            self.kubectl,
            f"--kubeconfig={self.kubeconfig}",
            f"--namespace={self.namespace}",
            *arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await process.communicate(given.encode())
        assert process.returncode == 0, f"kubectl {' '.join(arguments)}: {err.decode()}"
        return out.decode()

    async def deploy(self, name: str, replicas: int) -> None:
        template = {"metadata": {"labels": {"app": name}}, "spec": _pod_spec()}
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
        await self.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})
        await self.run("rollout", "status", f"deployment/{name}", "--timeout=100s")

    async def rollout(self, name: str) -> None:
        old = (await self.run("get", "pods", "-l", f"app={name}", "-o", "name")).split()
        await self.run("rollout", "restart", f"deployment/{name}")
        await self.run("rollout", "status", f"deployment/{name}", "--timeout=100s")
        await self.run("wait", "--for=delete", "--timeout=100s", *old)

    async def add_pod(self, name: str) -> None:
        meta = {"name": name, "labels": {"app": name}}
        await self.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": _pod_spec()})

    async def delete_pod(self, name: str) -> None:
        await self.run("delete", "pod", name)

    async def apply(self, item: dict[str, Any]) -> None:
        """Create an object."""
        await self.run("apply", "-f", "-", given=json.dumps(item))


def container(script: str = _SCRIPT, name: str = "app") -> dict[str, Any]:
    """A container of the rig's own image that runs a shell script."""
    image = {"image": "rig.test/busybox:1", "imagePullPolicy": "Never"}
    return {"name": name, **image, "command": ["sh", "-c", script]}


def pod_spec(*containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The spec of a pod. It mounts nothing, because an old kubelet takes half a minute to take a mount away."""
    quick = {"terminationGracePeriodSeconds": 5, "automountServiceAccountToken": False}
    return {**quick, "containers": list(containers), **more}


def _pod_spec() -> dict[str, Any]:
    return pod_spec(container())


@asynccontextmanager
async def world(kind: str) -> AsyncIterator[World]:
    """The embedded or the real cluster; skips, or fails where it is required, without the latter."""
    if kind == "embedded":
        async with Cluster() as cluster:
            yield Embedded(cluster)
        return
    need("kube")
    folder = rig()
    assert folder
    said = subprocess.run([folder / "kube", "env"], capture_output=True, text=True, check=True, env={**os.environ})
    found = re.search(r"KUBECONFIG=(\S+) PATH=([^:]+):", said.stdout)
    assert found, said.stdout
    real = Real(Path(found[1]), f"{found[2]}/kubectl")
    await real.run("create", "namespace", real.namespace)
    await until_account(real)
    try:
        yield real
    finally:
        await real.run("delete", "namespace", real.namespace, "--wait=false")


async def until_account(real: Real) -> None:
    """Wait for the account that pods of a new namespace run as."""
    await until_done(lambda: real.run("get", "serviceaccounts", "-o", "name"), "the account", 30)


def by_source(hub: LogHub) -> dict[str, list[str]]:
    """The lines of each container, in the order in which they came."""
    found: dict[str, list[str]] = {}
    for line in hub.ring.since(0):
        if line.direction is not Direction.NOTE:
            found.setdefault(line.source, []).append(line.text)
    return found


def notes(hub: LogHub) -> list[str]:
    """What the hub says about its streams."""
    return [line.text for line in hub.ring.since(0) if line.direction is Direction.NOTE]


def assert_whole(source: str, lines: list[str], *, ended: bool) -> None:
    """Every line of a numbered workload exactly once, from the first, and the last one where it ended."""
    pod = source.partition("/")[0]
    body = lines[:-1] if ended else lines
    assert body == [f"{pod} line {number}" for number in range(len(body))]
    if ended:
        assert lines[-1] == f"{pod} bye"
