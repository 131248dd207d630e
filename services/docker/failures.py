"""What an engine says when a build fails, as one typed error that names the line and the reason."""

from __future__ import annotations

import re

from opsterm.services.docker.dockerfile import Dockerfile
from opsterm.services.docker.errors import BadDockerfileError, BaseMissingError, BuildError, StepFailedError
from opsterm.services.docker.events import Kind, StepDone
from opsterm.services.text import clean

_SYNTAX = re.compile(r"dockerfile parse error (?:on )?line (\d+): (.*)", re.DOTALL)
_EXIT = re.compile(r"exit code: (\d+)")
_IMAGE = re.compile(r"load metadata for (\S+)")
_NOT_FOUND = re.compile(r'"/?([^"]+)":? not found')
_UNREACHABLE = (
    "dial tcp",
    "no such host",
    "i/o timeout",
    "connection refused",
    "TLS handshake",
    "network is unreachable",
)
_WRAPPERS = re.compile(
    r"(?:ERROR: |failed to build: |failed to solve: |rpc error: code = \w+ desc = "
    r"|failed to solve with frontend \S+: |failed to create LLB definition: )+"
)


def explain(variant: str, parsed: Dockerfile, message: str, failed: StepDone | None) -> BuildError:
    """The error for `message`, the engine's last word, and `failed`, the step that ended with an error."""
    text = clean(_WRAPPERS.sub("", message.strip()).split("\n")[0])
    if found := _SYNTAX.search(message):
        return BadDockerfileError(clean(found[2].split("\n")[0]), int(found[1]))
    if failed is None:
        return BuildError(f"{variant} failed: {text or 'the engine gave no reason'}.")
    cause = failed.error or text
    if failed.step.kind is Kind.BASE:
        return _base(parsed, failed.step.name, cause)
    code = _EXIT.search(cause)
    if code and failed.step.name.startswith("RUN "):
        return StepFailedError(variant, failed.step.line, failed.step.name, int(code[1]))
    if absent := _NOT_FOUND.search(cause):
        cause = f"{absent[1]} is not in the build context"
    return StepFailedError(variant, failed.step.line, failed.step.name, None, _WRAPPERS.sub("", cause))


def familiar(image: str) -> str:
    """The short name of an image as people write it: `docker.io/library/python:3.11` is `python:3.11`."""
    return image.removeprefix("docker.io/").removeprefix("library/")


def similar(image: str, local: list[str]) -> tuple[str, ...]:
    """Those of the `local` tags that are of the same repository as `image`, whatever its registry; at most five."""
    name = _repository(image)
    return tuple(sorted(tag for tag in local if _repository(tag) == name))[:5]


def _base(parsed: Dockerfile, step: str, cause: str) -> BaseMissingError:
    found = _IMAGE.search(step)
    image = familiar(found[1]) if found else step.removeprefix("FROM ")
    if image not in parsed.bases:
        image = next((base for base in parsed.bases if familiar(base) == image), image)
    unreachable = any(word in cause for word in _UNREACHABLE)
    why = "the registry cannot be reached" if unreachable else f"the registry does not give it ({cause})"
    return BaseMissingError(image, why)


def _repository(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]
