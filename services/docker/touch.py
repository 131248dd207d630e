"""Changing one source file of a staged copy, as somebody does who works on the program.

A new time changes nothing: the builders compare contents. And content that was built before hits the old cache, so
each touch is unlike any other.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
import shlex
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from opsterm.services.docker.dockerfile import Dockerfile, Instruction

_COMMENTS = {
    "#": ".py .pyi .sh .rb .pl .yml .yaml .toml .txt .cfg .conf",
    "//": ".js .mjs .ts .tsx .jsx .go .rs .c .h .cc .cpp .hpp .java .kt .cs .php .swift",
    "<!--": ".html .htm .md .xml",
    "/*": ".css",
}
_OPENERS = {suffix: opener for opener, suffixes in _COMMENTS.items() for suffix in suffixes.split()}
_CLOSERS = {"<!--": " -->", "/*": " */"}
_MANIFEST = re.compile(
    r"(?i)(.*requirements.*\.(txt|in)|constraints.*\.txt|pyproject\.toml|setup\.(py|cfg)|pipfile(\.lock)?|environment\.ya?ml"
    r"|.*\.lock|package(-lock)?\.json|.*lock\.ya?ml|go\.(mod|sum)|cargo\.toml|gemfile|pom\.xml|build\.gradle.*)$"
)


@dataclass(slots=True)
class Touch:
    """A file whose content is changed and put back."""

    path: Path
    _original: bytes | None = None

    def apply(self) -> None:
        """Append a comment that was never there before. Raises OSError."""
        if self._original is None:
            self._original = self.path.read_bytes()
        opener = _OPENERS[self.path.suffix]
        comment = f"\n{opener} opsterm {uuid.uuid4()}{_CLOSERS.get(opener, '')}\n"
        self.path.write_bytes(self._original + comment.encode())

    def restore(self) -> None:
        """Put the content back, so that the next build begins from the same context."""
        if self._original is not None:
            self.path.write_bytes(self._original)


def choose(parsed: Dockerfile, files: Iterable[str]) -> str | None:
    """The file that a change of the program would touch: the first Python file copied by the last COPY or ADD.

    Lists of dependencies are no source. Without Python the first other file that can hold a comment; None when the
    build copies no such file.
    """
    source = [name for name in files if _suffix(name) in _OPENERS and not _MANIFEST.match(posixpath.basename(name))]
    for one in reversed(parsed.instructions):
        copied = [name for name in source if _copies(one, name)]
        if copied:
            return min(copied, key=lambda name: (_suffix(name) != ".py", name.count("/"), name))
    return None


def _copies(one: Instruction, name: str) -> bool:
    if one.word not in ("COPY", "ADD") or "--from=" in one.args or "<<" in one.args:
        return False
    try:
        words = [word.strip("[],\"'") for word in shlex.split(one.args)]
    except ValueError:
        return False
    sources = [posixpath.normpath(word).lstrip("/") for word in words if word and not word.startswith("--")][:-1]
    return any(_covers(source, name) for source in sources)


def _covers(source: str, name: str) -> bool:
    """Whether copying `source` copies the file `name`; a star does not reach into folders."""
    if source in (".", ""):
        return True
    parts, wanted = name.split("/"), source.split("/")
    return len(wanted) <= len(parts) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _suffix(name: str) -> str:
    return posixpath.splitext(name)[1]
