"""The small cluster of the demo: a shop whose pods log, and which rolls out a new version now and then."""

from __future__ import annotations

import asyncio
import json
import random

from opsterm.services.kube.service import PodService
from opsterm.tui.demo.cluster import Cluster
from opsterm.tui.demo.cluster_life import Process

FIRST_ROLLOUT_SECONDS = 4.0  # from the start on: soon enough for a first look at logs by label
ROLLOUT_SECONDS = 45.0  # from one rollout to the next
_PATHS = ("/cart", "/cart/items", "/checkout", "/healthz", "/products?page=2")


async def web(process: Process) -> int:
    """A web server: a line for each request, an error now and then."""
    chance = random.Random(process.pod)  # noqa: S311  lines to look at, no secret
    process.write("INFO  listening on :8080")
    while not await process.wait(chance.uniform(0.2, 1.4)):
        path, took = chance.choice(_PATHS), chance.randint(2, 60)
        if chance.random() < 0.05:
            process.write(f"ERROR GET {path} 500 db timeout after 500 ms")
        else:
            process.write(f"INFO  GET {path} 200 {took} ms")
    process.write("INFO  draining, bye")
    return 0


async def orders(process: Process) -> int:
    """A worker that logs JSON."""
    number = 1000
    while not await process.wait(2.0):
        number += 1
        process.write(json.dumps({"level": "info", "msg": "order packed", "order": number}))
    return 0


async def crashing(process: Process) -> int:
    """A job that cannot work, so that there is something faulty to look at."""
    process.write("INFO  connecting to ledger:5432")
    await process.wait(1.0)
    process.write("FATAL ledger:5432 refused the connection")
    return 1


class DemoPods(PodService):
    """The service of the Pods tab with its own cluster behind it, which begins and ends with it."""

    def __init__(self) -> None:
        self._cluster = Cluster({"demo": "shop", "demo-eu": "default"})
        self._rollouts: asyncio.Task[None] | None = None
        super().__init__(files=[self._cluster.kubeconfig])

    async def start(self) -> None:
        """Start the cluster, then follow it."""
        if self._rollouts is None:
            await self._cluster.start()
            life = self._cluster.life
            life.add_deployment("shop", "web", 3, {"app": web})
            life.add_deployment("shop", "orders", 2, {"app": orders})
            life.add_deployment("shop", "billing", 1, {"app": crashing})
            life.add_pod("default", "toolbox", {"app": "toolbox"}, {"app": orders})
            self._rollouts = asyncio.create_task(self._roll())
        await super().start()

    async def stop(self) -> None:
        """Stop following, then end the cluster."""
        await super().stop()
        rollouts, self._rollouts = self._rollouts, None
        if rollouts:
            rollouts.cancel()
            await self._cluster.stop()

    async def _roll(self) -> None:
        await asyncio.sleep(FIRST_ROLLOUT_SECONDS)
        while True:
            await self._cluster.rollout("web")
            await asyncio.sleep(ROLLOUT_SECONDS)
