"""Removing what a comparison made, and nothing else.

Every image carries a label that only this run has, so it is told apart even from the same image built by the user.
Records of BuildKit's cache carry no such mark. One is taken for ours when it is new since the run began and runs a
command of ours, or holds an uploaded context, or hangs together with such a record. An uploaded context is of no use
to any later build; its unpacked copy has no name, and is known by having been made while we unpacked one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from opsterm.services.docker.events import Event, StepDone, StepStarted

if TYPE_CHECKING:
    from opsterm.services.docker.client import Client

_FLAGS = re.compile(r"^(--\S+\s+)*")
_RUN = "mount / from exec "
_UPLOAD = "http url http://build-context-"
_COPY = "fileop target"
_UNPACK = "copy /context /"
_TRIES = 5
_PAUSE = 0.1
"""A build that was cancelled holds its records for a moment: tried again after so many seconds."""


class Leftovers:
    """The traces of one run."""

    def __init__(self, client: Client, label: str, known: frozenset[str]) -> None:
        self._client = client
        self._label = label
        self._known = known
        self._commands: set[str] = set()
        self._unpacked: list[tuple[float, float]] = []

    @classmethod
    async def before(cls, client: Client, label: str) -> Leftovers:
        """Take note of what is there before the run begins."""
        return cls(client, label, frozenset(record["ID"] for record in await client.cache()))

    def note(self, event: Event) -> None:
        """Take note of what a build runs, and when it unpacked its context."""
        if isinstance(event, StepStarted) and event.step.name.startswith("RUN "):
            self._commands.add(_FLAGS.sub("", event.step.name.removeprefix("RUN ")))
        elif isinstance(event, StepDone) and event.step.name == _UNPACK and not event.cached:
            self._unpacked.append((event.began, event.began + event.seconds))

    async def remove_images(self) -> None:
        """Remove the images of the run."""
        for image in await self._client.labelled(self._label):
            await self._client.remove_image(image)

    async def remove_cache(self) -> None:
        """Remove the records of the cache that are ours, youngest first: a record goes after what is built on it."""
        for _ in range(_TRIES):
            ours = mine(await self._client.cache(), self._known, self._commands, self._unpacked)
            if not ours:
                return
            for record in sorted(ours, key=lambda record: str(record.get("CreatedAt")), reverse=True):
                await self._client.remove_cache(record["ID"])
            await asyncio.sleep(_PAUSE)


def mine(
    records: Collection[Mapping[str, Any]],
    known: frozenset[str],
    commands: Collection[str],
    unpacked: Collection[tuple[float, float]] = (),
) -> list[Mapping[str, Any]]:
    """Those of the `records` that a run made which began with the records `known`, ran these `commands` and unpacked
    its contexts in these spans of time (seconds since the epoch).
    """
    fresh = {record["ID"]: record for record in records if record["ID"] not in known}
    ours = {key for key, record in fresh.items() if _certain(record, commands, unpacked)}
    grown = True
    while grown:
        related = {key for key, record in fresh.items() if key not in ours and _related(key, record, fresh, ours)}
        ours |= related
        grown = bool(related)
    return [fresh[key] for key in ours]


def _certain(record: Mapping[str, Any], commands: Collection[str], unpacked: Collection[tuple[float, float]]) -> bool:
    description = str(record.get("Description", ""))
    if description == _COPY and not _parents(record):
        made = datetime.fromisoformat(record["CreatedAt"]).timestamp()
        return any(start <= made <= end for start, end in unpacked)
    if description.startswith(_RUN):
        return any(description.endswith(f" -c {one}") for one in commands)
    return description.startswith(_UPLOAD)


def _related(key: str, record: Mapping[str, Any], fresh: Mapping[str, Any], ours: set[str]) -> bool:
    return bool(ours & _parents(record)) or any(key in _parents(fresh[one]) for one in ours)


def _parents(record: Mapping[str, Any]) -> set[str]:
    """The records that this one builds on; the API's field was one id before 1.42 and is a list since."""
    many = record.get("Parents") or ()
    return {str(one) for one in (record.get("Parent"), *many) if one}
