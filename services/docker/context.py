"""Staging: the build context copied once under its own ignore rules, so that the user's folder is only ever read."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import stat
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from opsterm.services.docker.errors import ContextError
from opsterm.services.docker.variants import is_variant
from opsterm.services.text import clean

T = TypeVar("T")
LIMIT = 500_000_000
"""Most bytes that are copied."""


@dataclass(frozen=True, slots=True)
class Context:
    """A staged copy. `skipped` are sockets, devices and unreadable files, by path relative to `root`."""

    root: Path
    files: tuple[str, ...]
    size: int
    skipped: tuple[str, ...] = ()


class _Stopped(Exception):  # noqa: N818  not an error: the way out of the thread
    pass


async def stage(folder: Path, ignore: Path, root: Path, limit: int = LIMIT) -> Context:
    """Copy `folder` to `root`, which must not exist yet, leaving out what the file `ignore` names.

    Dockerfiles beside each other and the ignore files are left out too: editing one variant must not change what
    another one copies. Raises ContextError when there is more than `limit` bytes, and OSError when the disk
    is full. A cancelled copy has stopped writing when this returns.
    """
    stop = threading.Event()
    return await to_its_end(_copy, folder, ignore, root, limit, stop, on_cancel=stop.set)


async def to_its_end(work: Callable[..., T], *arguments: object, on_cancel: Callable[[], None] | None = None) -> T:
    """Do `work` in a thread. When cancelled, call `on_cancel` and wait until the thread has ended all the same: it
    must not write into a folder that is being removed.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if on_cancel:
            on_cancel()
        await asyncio.wait([running])
        running.exception()
        raise


def archive(context: Context, dockerfile: Path, target: Path) -> None:
    """Write the context with `dockerfile` as its Dockerfile to a tar file at `target`.

    The same content always gives the same bytes. GNU format with whole-second times: BuildKit looks at the first
    bytes to tell an archive from a Dockerfile, and does not know the headers of the newer format. Blocks: call it in
    a thread.
    """
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, path in [("Dockerfile", dockerfile), *((name, context.root / name) for name in context.files)]:
            info = tar.gettarinfo(path, name)
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            # Folders, links and the Dockerfile have the time of the copy, which says nothing.
            info.mtime = int(info.mtime) if info.isreg() and path is not dockerfile else 0
            if info.isreg():
                with path.open("rb") as data:
                    tar.addfile(info, data)
            else:
                tar.addfile(info)


def _copy(folder: Path, ignore: Path, root: Path, limit: int, stop: threading.Event) -> Context:
    chosen = list(_walk(folder, _patterns(ignore)))
    _check(folder, chosen, limit)
    root.mkdir(parents=True)
    files: list[str] = []
    skipped: list[str] = []
    size = 0
    for name in chosen:
        if stop.is_set():
            raise _Stopped
        try:
            size += _copy_one(folder / name, root / name)
            files.append(name)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            skipped.append(clean(name))
    return Context(root, tuple(files), size, tuple(skipped))


def _copy_one(source: Path, target: Path) -> int:
    """Copy one file, link or folder and return its bytes. Raises OSError for what cannot be a part of a context."""
    mode = source.lstat().st_mode
    target.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(mode):
        target.symlink_to(os.readlink(source))
        return 0
    if stat.S_ISDIR(mode):
        target.mkdir(exist_ok=True)
        target.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
        return 0
    if not stat.S_ISREG(mode):
        raise OSError("not a regular file")
    shutil.copy2(source, target)
    return target.stat().st_size


def _patterns(ignore: Path) -> list[str]:
    try:
        lines = ignore.read_text(errors="surrogateescape").removeprefix("\ufeff").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _walk(folder: Path, patterns: list[str]) -> Iterator[str]:
    """The paths that the ignore patterns leave, sorted, relative to `folder`."""
    from docker.utils.build import PatternMatcher  # noqa: PLC0415  heavy: imported in the thread that needs it

    for name in sorted(PatternMatcher(patterns).walk(str(folder))):
        if "/" not in name and (is_variant(name) or name.endswith(".dockerignore")):
            continue
        yield name


def _check(folder: Path, chosen: list[str], limit: int) -> None:
    sizes: dict[str, int] = {}
    for name in chosen:
        try:
            found = (folder / name).lstat()
        except OSError:
            continue
        if stat.S_ISREG(found.st_mode):
            top = name.split("/", 1)[0]
            sizes[top] = sizes.get(top, 0) + found.st_size
    if sum(sizes.values()) <= limit:
        return
    biggest = sorted(sizes, key=lambda top: -sizes[top])[:3]
    raise ContextError(
        f"The build context has {sum(sizes.values()) / 1e6:,.0f} MB; at most {limit / 1e6:,.0f} MB are compared.",
        "Put the biggest into .dockerignore: "
        + ", ".join(f"{top} ({sizes[top] / 1e6:,.0f} MB)" for top in biggest)
        + ".",
    )
