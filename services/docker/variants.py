"""Finding the Dockerfiles of a folder that are to be compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from opsterm.services.docker.dockerfile import Dockerfile, parse
from opsterm.services.docker.errors import BadDockerfileError, NoDockerfileError, NoFolderError
from opsterm.services.text import clean


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to build the folder. `parsed` is None where the file cannot be read, and `error` says why."""

    name: str
    path: Path
    source: str
    parsed: Dockerfile | None
    error: BadDockerfileError | None = None


def find(folder: Path) -> tuple[Variant, ...]:
    """The variants of `folder`: `Dockerfile` first, then `Dockerfile.*` and `*.Dockerfile` by name.

    A broken file is a variant with its error. Raises NoFolderError and NoDockerfileError. Reads files: call it in
    a thread.
    """
    try:
        paths = [path for path in folder.iterdir() if is_variant(path.name) and path.is_file()]
    except OSError as error:
        raise NoFolderError(f"Cannot read {folder}: {error.strerror}.") from error
    if not paths:
        raise NoDockerfileError(str(folder))
    return tuple(_read(path) for path in sorted(paths, key=lambda path: (path.name != "Dockerfile", path.name)))


def is_variant(name: str) -> bool:
    """Whether a file of this name is taken for a Dockerfile; ignore files and editors' copies are not."""
    if name.endswith((".dockerignore", "~", ".swp")):
        return False
    return name == "Dockerfile" or name.startswith("Dockerfile.") or name.endswith(".Dockerfile")


def ignore_file(path: Path) -> Path:
    """The ignore rules that hold for the Dockerfile at `path`: its own, else those of the folder."""
    own = path.with_name(f"{path.name}.dockerignore")
    return own if own.is_file() else path.with_name(".dockerignore")


def _read(path: Path) -> Variant:
    name = clean(path.name)
    try:
        source = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        return Variant(name, path, "", None, BadDockerfileError(f"cannot be read: {error.strerror}"))
    try:
        return Variant(name, path, source, parse(source))
    except BadDockerfileError as error:
        return Variant(name, path, source, None, error)
