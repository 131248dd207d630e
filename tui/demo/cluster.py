"""A small Kubernetes cluster in this process: real HTTP on 127.0.0.1, pods that write lines, and faults on demand.

`opsterm demo` shows it, and the tests use it for what a real cluster does not do when asked.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml
from aiohttp import web

from opsterm.tui.demo.cluster_api import Api
from opsterm.tui.demo.cluster_faults import Cut, Faults
from opsterm.tui.demo.cluster_life import Life, Program, silent
from opsterm.tui.demo.cluster_logs import ContainerRun
from opsterm.tui.demo.cluster_store import Store


class Cluster:
    """The cluster. `async with Cluster() as cluster:` starts and ends it; `cluster.kubeconfig` is the file to use.

    `store` holds the objects, `life` makes them move, `faults` makes requests fail.
    """

    def __init__(self, contexts: Mapping[str, str] | None = None) -> None:
        self.contexts = dict(contexts or {"demo": "shop"})
        """Contexts of the kubeconfig and the namespace that each begins in; the first is the current one."""
        self.store = Store()
        self.faults = Faults()
        self.runs: dict[tuple[str, str], ContainerRun] = {}
        self.life = Life(self.store, self.runs)
        self.api = Api(self.store, self.faults, self.runs, secrets.token_hex(16))
        self.port = 0
        self._folder = Path(tempfile.mkdtemp(prefix="opsterm-cluster-"))
        self._runner: web.AppRunner | None = None
        self.kubeconfig = self._folder / "config"
        for namespace in {"default", *self.contexts.values()}:
            self.add_namespace(namespace)

    async def __aenter__(self) -> Cluster:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before if there was one, and write the kubeconfig."""
        if self._runner is not None:
            return
        self._runner = web.AppRunner(self.api.app(), access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]
        self._write_kubeconfig()

    async def stop(self) -> None:
        """End everything and remove the kubeconfig."""
        await self.life.close()
        await self.refuse()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add_namespace(self, name: str) -> None:
        """A namespace."""
        self.store.put("namespaces", {"metadata": {"name": name}, "spec": {}, "status": {"phase": "Active"}})

    def add_pod(
        self,
        name: str,
        *,
        namespace: str = "shop",
        labels: Mapping[str, str] | None = None,
        programs: Mapping[str, Program] | None = None,
    ) -> None:
        """A pod; without programs its one container `app` writes only what `write` says."""
        self.life.add_pod(namespace, name, labels or {"app": name}, programs or {"app": silent})

    async def delete_pod(self, name: str, *, namespace: str = "shop") -> None:
        """Delete a pod and wait until it is gone."""
        await self.life.delete_pod(namespace, name)

    async def rollout(self, name: str, *, namespace: str = "shop") -> None:
        """Replace the pods of a deployment, one by one."""
        await self.life.rollout(namespace, name)

    def run_of(self, pod: str, container: str = "app", *, namespace: str = "shop") -> ContainerRun:
        """The present run of a container. Raises KeyError while there is none."""
        found = self.store.get("pods", namespace, pod)
        if found is None:
            raise KeyError(pod)
        return self.runs[found["metadata"]["uid"], container]

    def write(self, pod: str, *lines: str, container: str = "app", namespace: str = "shop") -> None:
        """Let a container write lines."""
        run = self.run_of(pod, container, namespace=namespace)
        for line in lines:
            run.write(line)

    def cut_logs(self, how: Cut, pod: str = "") -> int:
        """End the followed logs of a pod, or of all, while the containers go on; returns how many."""
        return self.faults.cut(how, "pods/log", pod)

    def cut_watches(self, how: Cut, resource: str = "pods") -> int:
        """End the watches of a kind; returns how many."""
        return self.faults.cut(how, resource)

    def forget_history(self) -> None:
        """Answer 410 to every version and list position handed out so far."""
        self.store.forget()

    def expire_login(self) -> None:
        """Answer 401 to everybody until `renew_login`."""
        self.api.token = secrets.token_hex(16)

    def renew_login(self) -> None:
        """Write a kubeconfig with a token that works."""
        self._write_kubeconfig()

    async def refuse(self) -> None:
        """Stop listening and cut all connections; what runs inside goes on. `start` listens again."""
        runner, self._runner = self._runner, None
        if runner is not None:
            with contextlib.suppress(Exception):
                for handler in list(runner.server.connections if runner.server else []):
                    if handler.transport:
                        handler.transport.abort()
            await runner.cleanup()

    def _write_kubeconfig(self) -> None:
        server = f"http://127.0.0.1:{self.port}"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": next(iter(self.contexts)),
            "clusters": [{"name": "demo", "cluster": {"server": server}}],
            "users": [{"name": "demo", "user": {"token": self.api.token}}],
            "contexts": [
                {"name": name, "context": {"cluster": "demo", "user": "demo", "namespace": namespace}}
                for name, namespace in self.contexts.items()
            ],
        }
        self.kubeconfig.write_text(yaml.safe_dump(document), encoding="utf-8")
        self.kubeconfig.chmod(0o600)
