"""What the small API server knows: objects by kind, each change under a growing resource version, and its history.

Objects are the JSON of the Kubernetes API as plain dicts. Every change puts in a new dict, so that a watcher can be
given old and new.
"""

from __future__ import annotations

import asyncio
import copy
import re
import uuid
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

Object = dict[str, Any]
Matches = Callable[[Object], bool]
_REQUIREMENT = re.compile(
    r"\s*(?:(?P<key>[^\s,=!()]+)\s+(?P<in>in|notin)\s*\((?P<set>[^)]*)\)|(?P<plain>[^,]+))\s*(?:,|$)"
)
_HISTORY = 5000


class Change(NamedTuple):
    """One change: `old` is None for a new object, `new` for one that is gone."""

    version: int
    kind: str
    old: Object | None
    new: Object | None


class Store:
    """All objects, by kind, namespace and name."""

    def __init__(self) -> None:
        self.version = 1000
        self.oldest = 1000
        """Versions before it are forgotten: whoever asks for them has to list again."""
        self.history: deque[Change] = deque(maxlen=_HISTORY)
        self._objects: dict[str, dict[tuple[str, str], Object]] = {}
        self._news = asyncio.Event()

    def put(self, kind: str, item: Object) -> Object:
        """Add or replace an object; fills in what a server fills in."""
        item = copy.deepcopy(item)
        meta = item["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        old = self._objects.setdefault(kind, {}).get(key)
        self.version += 1
        meta.setdefault("uid", str(uuid.uuid4()))
        meta.setdefault("creationTimestamp", now())
        meta["resourceVersion"] = str(self.version)
        self._objects[kind][key] = item
        self._record(Change(self.version, kind, old, item))
        return item

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Take an object away; nothing happens when it is not there."""
        old = self._objects.get(kind, {}).pop((namespace, name), None)
        if old is None:
            return
        self.version += 1
        last = copy.deepcopy(old)
        last["metadata"]["resourceVersion"] = str(self.version)
        self._record(Change(self.version, kind, last, None))

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object."""
        return self._objects.get(kind, {}).get((namespace, name))

    def all(self, kind: str, namespace: str | None, matches: Matches) -> list[Object]:
        """Objects of a kind that match, sorted by namespace and name as a server sorts them."""
        found = self._objects.get(kind, {})
        return [found[key] for key in sorted(found) if namespace in (None, key[0]) and matches(found[key])]

    def forget(self) -> None:
        """Drop the history: every older version is gone now (410)."""
        self.history.clear()
        self.version += 1
        self.oldest = self.version

    async def news(self, after: int) -> list[Change]:
        """The changes after a version; waits for the first."""
        while True:
            if self.version > after:
                return [change for change in self.history if change.version > after]
            await self._news.wait()

    async def until(self, check: Callable[[], object]) -> None:
        """Wait for a change after which `check` is true; at once where it is true already."""
        while not check():
            await self.news(self.version)

    def _record(self, change: Change) -> None:
        if len(self.history) == _HISTORY:
            self.oldest = self.history[0].version
        self.history.append(change)
        news, self._news = self._news, asyncio.Event()
        news.set()


def now() -> str:
    """The time as the API writes it, in whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def matcher(labels: str, fields: str) -> Matches:
    """What a label selector and a field selector (`metadata.name=x`) let through."""
    tests = [*_label_tests(labels), *_field_tests(fields)]
    return lambda item: all(test(item) for test in tests)


def _label_tests(selector: str) -> list[Matches]:
    tests: list[Matches] = []
    for found in _REQUIREMENT.finditer(selector):
        if found["in"]:
            values = {value.strip() for value in found["set"].split(",")}
            tests.append(_label(found["key"], lambda have, v=values: have in v, found["in"] == "notin"))
            continue
        plain = found["plain"].strip()
        if "=" in plain:
            key, _, value = plain.replace("==", "=").partition("=")
            value = value.strip()
            tests.append(_label(key.rstrip("!").strip(), lambda have, v=value: have == v, key.endswith("!")))
        elif plain:
            tests.append(_label(plain.lstrip("!"), lambda have: have is not None, plain.startswith("!")))
    return tests


def _label(key: str, test: Callable[..., bool], negated: bool) -> Matches:
    return lambda item: test((item["metadata"].get("labels") or {}).get(key)) is not negated


def _field_tests(selector: str) -> list[Matches]:
    tests: list[Matches] = []
    for part in filter(None, selector.split(",")):
        path, _, value = part.partition("=")
        negated, path, value = path.endswith("!"), path.rstrip("!"), value.lstrip("=")
        tests.append(lambda item, p=path, v=value, n=negated: (_field(item, p) == v) is not n)  # type: ignore[misc]
    return tests


def _field(item: Object, path: str) -> str:
    found: Any = item
    for key in path.split("."):
        found = found.get(key, "") if isinstance(found, dict) else ""
    return str(found)
