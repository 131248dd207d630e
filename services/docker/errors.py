"""What can go wrong with builds: each error says what failed and why (`reason`) and what to do next (`hint`).

Both are one line of safe text; `str(error)` joins them.
"""

from __future__ import annotations

import grp
import os
import pwd


class DockerError(Exception):
    """Anything that the Builds service reports; `reason` and `hint` are one line each."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason} {hint}".strip())
        self.reason = reason
        self.hint = hint


class EngineError(DockerError):
    """The engine itself: builds cannot go on, whatever the Dockerfile."""


class NoEngineError(EngineError):
    """Nothing answers where the engine should be."""

    def __init__(self, url: str, why: str = "") -> None:
        start = "Start it: sudo systemctl start docker." if url.startswith("unix:") else "Is it running there?"
        super().__init__(f"No Docker engine at {url}{f': {why}' if why else ''}.", start)
        self.url = url


class NotAllowedError(EngineError):
    """The socket is there and this user may not use it."""

    def __init__(self, path: str) -> None:
        owner, group = _owners(path)
        join = "docker" if group in ("root", "?") else group
        super().__init__(
            f"Permission denied: {path} ({owner}:{group}).",
            f"Run: sudo usermod -aG {join} $USER, then log in again.",
        )
        self.path = path


class BadEndpointError(EngineError):
    """The settings that say where the engine is (DOCKER_HOST, the context, certificates) cannot be used."""


class EngineLostError(EngineError):
    """The engine went away in the middle of a build."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"The Docker engine at {url} was lost: {why}.", "What is measured stays.")


class FolderError(DockerError):
    """The folder cannot be built from."""


class NoFolderError(FolderError):
    """There is no such folder, or it cannot be read."""


class NoDockerfileError(FolderError):
    """The folder holds no file that is named like a Dockerfile."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"No Dockerfile in {folder}.", "Looked for Dockerfile, Dockerfile.* and *.Dockerfile, not in sub-folders."
        )


class ContextError(FolderError):
    """The build context cannot be copied: too big, or nothing in it can be changed."""


class BuildError(DockerError):
    """One variant failed; the others go on."""


class BadDockerfileError(BuildError):
    """The Dockerfile cannot be parsed; `line` counts from 1, 0 where the whole file is meant."""

    def __init__(self, what: str, line: int = 0, hint: str = "") -> None:
        super().__init__(f"line {line}: {what}" if line else what, hint)
        self.line = line


class StepFailedError(BuildError):
    """An instruction failed; `exit_code` is None for all but RUN."""

    def __init__(self, dockerfile: str, line: int, instruction: str, exit_code: int | None, why: str = "") -> None:
        where = f" at line {line}" if line else ""
        how = f" exited {exit_code}" if exit_code is not None else ""
        super().__init__(f"{dockerfile} failed{where}: {_short(instruction)}{how}{f': {why}' if why else ''}.")
        self.line = line
        self.instruction = instruction
        self.exit_code = exit_code


class BaseMissingError(BuildError):
    """A base image is not on the engine and its registry does not give it; `similar` are local ones."""

    def __init__(self, image: str, why: str, similar: tuple[str, ...] = ()) -> None:
        hint = f"Local and similar: {', '.join(similar)}." if similar else ""
        super().__init__(f"Base image {image} is not local and {why}.", hint)
        self.image = image
        self.why = why
        self.similar = similar

    def with_similar(self, similar: tuple[str, ...]) -> BaseMissingError:
        """The same, with the local images that could stand in."""
        return BaseMissingError(self.image, self.why, similar)


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _owners(path: str) -> tuple[str, str]:
    try:
        stat = os.stat(path)
        return pwd.getpwuid(stat.st_uid).pw_name, grp.getgrgid(stat.st_gid).gr_name
    except (OSError, KeyError):
        return "?", "?"
