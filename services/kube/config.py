"""Kubeconfig: found, read, merged and checked; never written.

Several files may be named in `$KUBECONFIG`; the first to name a cluster, user, context or current context wins, as
with kubectl. A fault in one place leaves every context usable that does not need it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from opsterm.services.kube.errors import BadConfigError, NoConfigError

_KINDS = {"clusters": "cluster", "users": "user", "contexts": "context"}
_FILES = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key", "tokenFile"),
    "contexts": (),
}


@dataclass(frozen=True, slots=True)
class Context:
    """One context: a cluster, who one is there, and the namespace to begin in. `error` says why it cannot be used."""

    name: str
    cluster: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    namespace: str = "default"
    error: BadConfigError | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """What all files say together. `current` is empty where no file names one."""

    contexts: dict[str, Context]
    current: str = ""
    problems: tuple[BadConfigError, ...] = ()

    def choose(self, name: str = "") -> Context:
        """The context `name`, or the current one. Raises BadConfigError when there is none or it cannot be used."""
        wanted = name or self.current
        others = [known.name for known in self.contexts.values() if known.error is None]
        hint = f"Contexts that work: {', '.join(others[:8])}." if others else "Put the file right, then try again."
        if not wanted:
            if self.problems:
                raise self.problems[0]
            raise BadConfigError("kubeconfig", "no context is chosen", field="current-context", hint=hint)
        found = self.contexts.get(wanted)
        if found is None:
            raise BadConfigError("kubeconfig", f"no context named {wanted}", hint=hint)
        if found.error is not None:
            fault = found.error
            raise BadConfigError(
                fault.file, fault.why, fault.line, fault.field, "Other contexts work." if others else hint
            )
        return found


def paths(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Where kubeconfig files are looked for, in order."""
    named = [part for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part).expanduser() for part in named] or [Path("~/.kube/config").expanduser()]


def stamps(files: list[Path]) -> tuple[tuple[int, int] | None, ...]:
    """Time of change and size of each file, None where there is none: differs as soon as one was written."""
    return tuple(_stamp(file) for file in files)


def load(files: list[Path]) -> Config:
    """Read and merge `files`. Raises NoConfigError when none exists; every other fault becomes a problem in it."""
    problems: list[BadConfigError] = []
    documents = []
    for file in files:
        if not file.is_file():
            continue
        try:
            documents.append(_Document(file, problems))
        except BadConfigError as error:
            problems.append(error)
    if not documents and not problems:
        raise NoConfigError("$KUBECONFIG" if os.environ.get("KUBECONFIG") else "$KUBECONFIG and ~/.kube/config")
    clusters = _first(documents, "clusters")
    users = _first(documents, "users")
    contexts = {
        name: _context(name, where, document, clusters, users)
        for name, (document, where, _) in _first(documents, "contexts").items()
    }
    current = next((document.current for document in documents if document.current), "")
    problems.extend(found.error for found in contexts.values() if found.error and found.error not in problems)
    return Config(contexts, current, tuple(problems))


_Entry = tuple["_Document", tuple[Any, ...], BadConfigError | None]


class _Document:
    """One file: its data, and the line of every field."""

    def __init__(self, file: Path, problems: list[BadConfigError]) -> None:
        self.name = _short(file)
        try:
            loader = yaml.SafeLoader(file.read_text(encoding="utf-8"))
            self._node = loader.get_single_node()
            data = loader.construct_document(self._node) if self._node else {}
        except OSError as error:
            raise BadConfigError(self.name, f"cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise BadConfigError(self.name, "is no text") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise BadConfigError(self.name, f"no YAML: {error.problem}", mark.line + 1 if mark else 0) from None
        except (yaml.YAMLError, ValueError) as error:
            raise BadConfigError(self.name, f"no YAML: {error}") from None
        if not isinstance(data, dict):
            raise BadConfigError(self.name, "no mapping", 1)
        self.data: dict[str, Any] = data
        self.current = str(data.get("current-context") or "")
        self.entries: dict[str, dict[str, _Entry]] = {}
        for kind in _KINDS:
            self.entries[kind] = self._named(kind, file.parent, problems)

    def fault(self, where: tuple[Any, ...], why: str) -> BadConfigError:
        """An error that names the line and path of a field of this file."""
        path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in where).lstrip(".")
        return BadConfigError(self.name, why, self._line(where), path)

    def value(self, where: tuple[Any, ...]) -> Any:
        """What stands at a path."""
        found: Any = self.data
        for key in where:
            found = found[key]
        return found

    def _named(self, kind: str, base: Path, problems: list[BadConfigError]) -> dict[str, _Entry]:
        entries: dict[str, _Entry] = {}
        listed = self.data.get(kind) or []
        if not isinstance(listed, list):
            problems.append(self.fault((kind,), "not a list"))
            return entries
        for index, item in enumerate(listed):
            inner = _KINDS[kind]
            body = item.get(inner) if isinstance(item, dict) else None
            if not isinstance(item, dict) or not isinstance(item.get("name"), str):
                problems.append(self.fault((kind, index), "no name"))
                continue
            error: BadConfigError | None = None
            if body is None:
                item[inner] = body = {}
            if not isinstance(body, dict):
                error = self.fault((kind, index, inner), "not a mapping")
            else:
                error = self._check((kind, index, inner), body, base)
            if error:
                problems.append(error)
            entries.setdefault(item["name"], (self, (kind, index, inner), error))
        return entries

    def _check(self, where: tuple[Any, ...], body: dict[str, Any], base: Path) -> BadConfigError | None:
        """Fault of a cluster or user, if it has one; relative paths in it become absolute."""
        kind = where[0]
        if kind == "clusters" and not _is_url(body.get("server")):
            why = "not a URL" if body.get("server") else "no server"
            return self.fault((*where, "server") if "server" in body else where, why)
        for key in _FILES[kind]:
            if not body.get(key) or body.get(f"{key}-data"):
                continue
            path = base / Path(str(body[key])).expanduser()
            body[key] = str(path)
            if not path.is_file():
                return self.fault((*where, key), f"no such file {_short(path)}")
        return None

    def _line(self, where: tuple[Any, ...]) -> int:
        node = self._node
        for key in where:
            below = None
            if isinstance(node, yaml.MappingNode):
                below = next((value for name, value in node.value if name.value == key), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
                below = node.value[key]
            if below is None:
                break
            node = below
        return node.start_mark.line + 1 if node else 0


def _first(documents: list[_Document], kind: str) -> dict[str, _Entry]:
    merged: dict[str, _Entry] = {}
    for document in documents:
        for name, entry in document.entries[kind].items():
            merged.setdefault(name, entry)
    return merged


def _context(
    name: str, where: tuple[Any, ...], document: _Document, clusters: dict[str, _Entry], users: dict[str, _Entry]
) -> Context:
    body = document.value(where)
    if not isinstance(body, dict):
        return Context(name, error=document.fault(where, "not a mapping"))
    cluster = clusters.get(str(body.get("cluster")))
    user = users.get(str(body.get("user"))) if body.get("user") else None
    error: BadConfigError | None = None
    if cluster is None:
        error = document.fault((*where, "cluster"), f"no cluster named {body.get('cluster')}")
    elif body.get("user") and user is None:
        error = document.fault((*where, "user"), f"no user named {body['user']}")
    else:
        error = cluster[2] or (user[2] if user else None)
    if error or cluster is None:
        return Context(name, error=error)
    namespace = str(body.get("namespace") or "default")
    return Context(name, cluster[0].value(cluster[1]), user[0].value(user[1]) if user else {}, namespace)


def _is_url(server: object) -> bool:
    try:
        url = urlsplit(server) if isinstance(server, str) else None
        return url is not None and url.scheme in ("http", "https") and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        return False


def _short(file: Path) -> str:
    home = str(Path.home())
    text = str(file)
    return f"~{text[len(home) :]}" if text.startswith(home + os.sep) else text


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
