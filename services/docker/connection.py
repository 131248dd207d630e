"""A real engine, found and ready to build with the best builder that is there."""

from __future__ import annotations

import os
from collections.abc import Mapping

from opsterm.services.docker import rest
from opsterm.services.docker.buildx import Buildx
from opsterm.services.docker.cleanup import Leftovers
from opsterm.services.docker.client import Client
from opsterm.services.docker.endpoint import resolve
from opsterm.services.docker.engine import Builder
from opsterm.services.docker.errors import BadEndpointError
from opsterm.services.docker.events import Built, Job, Told


class EngineConnection:
    """A real engine with the best builder that is there."""

    note = ""

    def __init__(self, client: Client, builder: Builder) -> None:
        self._client = client
        self._builder = builder

    @property
    def name(self) -> str:
        """What builds: `buildx 0.17, engine 27.1`."""
        return f"{self._builder.name}, engine {self._client.version}"

    async def build(self, job: Job, told: Told) -> Built:
        """See `Builder.build`."""
        return await self._builder.build(job, told)

    async def size(self, image: str) -> int:
        """`Size` of the image: the sum of its unpacked layers, base and all; with containerd's image store, where
        nothing is unpacked, the compressed content. So sizes compare only on one engine.
        """
        found = await self._client.image(image)
        return int(found.get("Size", 0)) if found else 0

    async def tags(self) -> list[str]:
        """The tags of all local images."""
        return await self._client.tags()

    async def leftovers(self, label: str) -> Leftovers:
        """What removes the traces of a run."""
        return await Leftovers.before(self._client, label)

    async def ping(self) -> None:
        """Return when the engine answers."""
        await self._client.ping()

    async def close(self) -> None:
        """End the connection."""
        await self._client.close()


async def connect(environment: Mapping[str, str] = os.environ, builder: str = "") -> EngineConnection:
    """The engine that `environment` names, with buildx where it is installed, else with BuildKit over the API.

    `builder` (`buildx` or `rest`) leaves no choice. Raises EngineError.
    """
    client = await Client.connect(await resolve(environment))
    try:
        return EngineConnection(client, await _builder(client, environment, builder))
    except BaseException:
        await client.close()
        raise


async def _builder(client: Client, environment: Mapping[str, str], wanted: str) -> Builder:
    if wanted != "rest" and (found := await Buildx.find(client.endpoint.url, environment)):
        return found
    if wanted != "buildx" and client.api >= rest.OLDEST:
        return rest.Rest(client)
    raise BadEndpointError(f"Engine {client.version} has no BuildKit.", "Install docker-buildx, or a newer engine.")
