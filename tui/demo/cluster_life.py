"""What makes the small cluster live: it starts pods, runs their programs, restarts and ends them, and rolls out."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import random
import string
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from opsterm.tui.demo.cluster_logs import ContainerRun
from opsterm.tui.demo.cluster_store import Object, Store, matcher, now

NODES = ("node-a", "node-b", "node-c")


@dataclass
class Process:
    """What a program sees: its pod's name, where to write lines, and when to stop."""

    pod: str
    write: Callable[[str], None]
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> bool:
        """Wait; True as soon as it is time to stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        return self.stop.is_set()


Program = Callable[[Process], Awaitable[int]]
"""Runs until it returns its exit code; asked to stop, it may write last lines first."""


async def silent(process: Process) -> int:
    """A program that writes nothing by itself."""
    await process.stop.wait()
    return 0


class Life:
    """Starts and ends what the store's pods ask for. `pace` is seconds between the steps of a pod's life."""

    def __init__(self, store: Store, runs: dict[tuple[str, str], ContainerRun]) -> None:
        self.store = store
        self.runs = runs
        self.pace = 0.05
        self._processes: dict[tuple[str, str], Process] = {}
        self._programs: dict[str, Mapping[str, Program]] = {}  # by pod uid, or "namespace/deployment"
        self._tasks: set[asyncio.Task[None]] = set()
        self._random = random.Random(7)  # noqa: S311  names, not secrets

    async def close(self) -> None:
        """End everything at once."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something as long as the cluster lives."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def add_pod(
        self, namespace: str, name: str, labels: Mapping[str, str], programs: Mapping[str, Program]
    ) -> Object:
        """A new pod, scheduled and being created; its containers start after one step."""
        node = NODES[sum(map(ord, name)) % len(NODES)]
        waiting = {"waiting": {"reason": "ContainerCreating"}}
        pod = self.store.put(
            "pods",
            {
                "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
                "spec": {"nodeName": node, "containers": [{"name": c, "image": f"demo/{c}:1"} for c in programs]},
                "status": {
                    "phase": "Pending",
                    "conditions": _conditions(ready=False),
                    "containerStatuses": [_status(container, waiting) for container in programs],
                },
            },
        )
        self._programs[pod["metadata"]["uid"]] = programs
        self.spawn(self._start(namespace, name, pod["metadata"]["uid"]))
        return pod

    async def delete_pod(self, namespace: str, name: str) -> None:
        """Ask a pod to end, wait for its programs, and take it away."""
        pod = self.store.get("pods", namespace, name)
        if pod is None or pod["metadata"].get("deletionTimestamp"):
            return
        uid = pod["metadata"]["uid"]
        pod = copy.deepcopy(pod)
        pod["metadata"]["deletionTimestamp"] = now()
        self.store.put("pods", pod)
        names = [container["name"] for container in pod["spec"]["containers"]]
        for container in names:
            process = self._processes.get((uid, container))
            if process:
                process.stop.set()
        await self.store.until(lambda: not any((uid, container) in self._processes for container in names))
        await asyncio.sleep(self.pace)
        self.store.delete("pods", namespace, name)
        for container in names:
            self.runs.pop((uid, container), None)
        self._programs.pop(uid, None)

    def add_deployment(self, namespace: str, name: str, replicas: int, programs: Mapping[str, Program]) -> None:
        """A deployment and its first pods, labelled `app=NAME`."""
        self._programs[f"{namespace}/{name}"] = programs
        template = {"metadata": {"labels": {"app": name}}}
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
        status = {"replicas": replicas, "readyReplicas": replicas}
        self.store.put(
            "deployments", {"metadata": {"name": name, "namespace": namespace}, "spec": spec, "status": status}
        )
        revision = self._letters(9)
        for _ in range(replicas):
            self._replica(namespace, name, revision)

    async def rollout(self, namespace: str, name: str) -> None:
        """Replace the pods of a deployment one by one: a new one runs before an old one goes."""
        deployment = self.store.get("deployments", namespace, name)
        if deployment is None:
            return
        old = [pod["metadata"]["name"] for pod in self.store.all("pods", namespace, matcher(f"app={name}", ""))]
        revision = self._letters(9)
        for number in range(max(len(old), deployment["spec"]["replicas"])):
            if number < deployment["spec"]["replicas"]:
                fresh = self._replica(namespace, name, revision)
                await self.store.until(partial(self._is_up, namespace, fresh))
            if number < len(old):
                await self.delete_pod(namespace, old[number])

    def process(self, namespace: str, name: str, container: str) -> Process | None:
        """The program that runs in a container now."""
        pod = self.store.get("pods", namespace, name)
        return self._processes.get((pod["metadata"]["uid"], container)) if pod else None

    def _is_up(self, namespace: str, name: str) -> bool:
        pod = self.store.get("pods", namespace, name)
        return pod is None or pod["status"]["phase"] == "Running"

    def _replica(self, namespace: str, name: str, revision: str) -> str:
        deployment = self.store.get("deployments", namespace, name)
        labels = dict(deployment["spec"]["template"]["metadata"]["labels"]) if deployment else {}
        pod = f"{name}-{revision}-{self._letters(5)}"
        self.add_pod(namespace, pod, {**labels, "pod-template-hash": revision}, self._programs[f"{namespace}/{name}"])
        return pod

    async def _start(self, namespace: str, name: str, uid: str) -> None:
        await asyncio.sleep(self.pace)
        for container, program in self._programs[uid].items():
            self.spawn(self._keep_running(namespace, name, uid, container, program))

    async def _keep_running(self, namespace: str, name: str, uid: str, container: str, program: Program) -> None:
        """Run a program; when it ends by itself, say so, wait, and run it again."""
        restarts = 0
        while True:
            run = ContainerRun(self.runs.get((uid, container)))
            if run.previous:
                run.previous.previous = None
            process = Process(name, run.write)
            started = now()
            self.runs[uid, container] = run
            self._processes[uid, container] = process
            self._report(namespace, name, uid, container, run, {"running": {"startedAt": started}}, restarts)
            code = await program(process)
            run.end()
            del self._processes[uid, container]
            ended = {"exitCode": code, "reason": "Error" if code else "Completed", "containerID": run.id}
            state = {"terminated": {**ended, "startedAt": started, "finishedAt": now()}}
            self._report(namespace, name, uid, container, run, state, restarts)
            if process.stop.is_set():
                return
            await asyncio.sleep(self.pace)
            if restarts:
                waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": f"back-off restarting {container}"}}
                self._report(namespace, name, uid, container, run, waiting, restarts, last=state)
                await asyncio.sleep(self.pace * 20)
            restarts += 1

    def _report(  # noqa: PLR0917
        self,
        namespace: str,
        name: str,
        uid: str,
        container: str,
        run: ContainerRun,
        state: Object,
        restarts: int,
        last: Object | None = None,
    ) -> None:
        """Put the state of one container into its pod's status."""
        pod = self.store.get("pods", namespace, name)
        if pod is None or pod["metadata"]["uid"] != uid:
            return
        pod = copy.deepcopy(pod)
        statuses = pod["status"]["containerStatuses"]
        for status in statuses:
            if status["name"] != container:
                continue
            if last is None and "terminated" in status["state"]:
                last = status["state"]
            status["lastState"] = last or status.get("lastState", {})
            up = "running" in state
            status.update(state=state, ready=up, started=up, restartCount=restarts, containerID=run.id)
        ready = [status["ready"] for status in statuses]
        pod["status"]["phase"] = "Running" if any(ready) or pod["status"]["phase"] == "Running" else "Pending"
        pod["status"]["conditions"] = _conditions(ready=all(ready))
        self.store.put("pods", pod)

    def _letters(self, count: int) -> str:
        return "".join(self._random.choices("bcdfghjklmnpqrstvwxz" + string.digits[2:], k=count))


def _status(container: str, state: Object) -> Object:
    return {
        "name": container,
        "image": f"demo/{container}:1",
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }


def _conditions(*, ready: bool) -> list[Object]:
    word = "True" if ready else "False"
    return [
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": word},
        {"type": "ContainersReady", "status": word},
        {"type": "PodScheduled", "status": "True"},
    ]
