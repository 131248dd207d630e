"""Removing what a comparison made, and nothing else.

Every image carries a label that only this run has, so it is told apart even from the same image built by the user.
Records of BuildKit's cache carry no such mark. One is taken for ours when it is new since the run began, is not in
use, and holds an uploaded context, which no later build can find, or runs a command of ours, or hangs together with
such a record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from opsterm.services.docker.client import Client

_FLAGS = re.compile(r"^(--\S+\s+)*")
_UPLOAD = "http url http://build-context-"


class Leftovers:
    """The traces of one run."""

    def __init__(self, client: Client, label: str, known: frozenset[str]) -> None:
        self._client = client
        self._label = label
        self._known = known
        self._commands: set[str] = set()
        self.images = 0
        """Images removed so far."""

    @classmethod
    async def before(cls, client: Client, label: str) -> Leftovers:
        """Take note of what is there before the run begins."""
        return cls(client, label, frozenset(record["ID"] for record in await client.cache()))

    def ran(self, command: str) -> None:
        """Take note of a command that a build ran, as its step is called: `RUN pip install flask`."""
        if command.startswith("RUN "):
            self._commands.add(_FLAGS.sub("", command.removeprefix("RUN ")))

    async def remove_images(self) -> None:
        """Remove the images of the run."""
        for image in await self._client.labelled(self._label):
            await self._client.remove_image(image)
            self.images += 1

    async def remove_cache(self) -> None:
        """Remove the records of the cache that are ours, youngest first: a record goes after what is built on it."""
        ours = mine(await self._client.cache(), self._known, self._commands)
        for record in sorted(ours, key=lambda record: str(record.get("CreatedAt")), reverse=True):
            await self._client.remove_cache(record["ID"])


def mine(records: list[dict[str, Any]], known: frozenset[str], commands: set[str]) -> list[dict[str, Any]]:
    """Those of the `records` that a run made which began with the records `known` and ran these `commands`."""
    fresh = {record["ID"]: record for record in records if record["ID"] not in known and not record.get("InUse")}
    ours = {key for key, record in fresh.items() if _certain(record, commands)}
    grown = True
    while grown:
        related = {key for key, record in fresh.items() if key not in ours and _related(key, record, fresh, ours)}
        ours |= related
        grown = bool(related)
    return [fresh[key] for key in ours]


def _certain(record: Mapping[str, Any], commands: set[str]) -> bool:
    description = str(record.get("Description", ""))
    return description.startswith(_UPLOAD) or (
        description.startswith("mount / from exec ") and any(description.endswith(f" -c {one}") for one in commands)
    )


def _related(key: str, record: Mapping[str, Any], fresh: Mapping[str, Any], ours: set[str]) -> bool:
    return bool(ours & _parents(record)) or any(key in _parents(fresh[one]) for one in ours)


def _parents(record: Mapping[str, Any]) -> set[str]:
    """The records that this one builds on; the API's field was one id before 1.42 and is a list since."""
    many = record.get("Parents") or ()
    return {str(one) for one in (record.get("Parent"), *many) if one}
