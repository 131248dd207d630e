"""What an engine is to a comparison: the real one is in `connection`, the demo has another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from opsterm.services.docker.events import Built, Job, Told

if TYPE_CHECKING:
    from opsterm.services.docker.cleanup import Leftovers


class Builder(Protocol):
    """Something that builds: buildx, or BuildKit over the API."""

    @property
    def name(self) -> str:
        """Its name and version in a word or two."""

    async def build(self, job: Job, told: Told) -> Built:
        """Build, telling each event. Raises BuildError and EngineError; when cancelled, the build has ended."""


class Connection(Protocol):
    """An engine, as far as a comparison needs one."""

    @property
    def name(self) -> str:
        """What builds: `buildx 0.17, engine 27.1`."""

    @property
    def note(self) -> str:
        """What the user should know about all figures from here; empty for a real engine."""

    async def build(self, job: Job, told: Told) -> Built:
        """See `Builder.build`."""

    async def size(self, image: str) -> int:
        """Bytes of an image as the engine tells them."""

    async def tags(self) -> list[str]:
        """The tags of all local images."""

    async def leftovers(self, label: str) -> Leftovers | None:
        """What removes the traces of a run whose images carry `label`; None where there will be none."""

    async def ping(self) -> None:
        """Return when the engine answers. Raises EngineError."""

    async def close(self) -> None:
        """End the connection."""


Connect = Callable[[], Awaitable[Connection]]


async def real_engine() -> Connection:
    """The engine that the environment names. What it needs is imported in a thread, which takes a quarter of a
    second. Raises EngineError.
    """
    module = await asyncio.to_thread(import_module, "opsterm.services.docker.connection")
    return await cast(Connect, module.connect)()
