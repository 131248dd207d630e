"""`opsterm build --plain`: the comparison as lines of progress and a table, for scripts and pipes."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from opsterm.services.docker.errors import DockerError, EngineError, FolderError
from opsterm.services.docker.figures import difference, seconds, size
from opsterm.services.docker.results import PHASES, Result, encode
from opsterm.services.docker.service import BuildService
from opsterm.services.service import State
from opsterm.widgets.words import ASCII

_FINE, _USAGE, _FAILED, _NO_ENGINE, _INTERRUPTED = 0, 2, 3, 4, 130
_HEADS = ("VARIANT", "COLD", "WARM", "TOUCHED", "SIZE", "DIFFERENCE")


def main(options: argparse.Namespace) -> int:
    """Run with the options of the command line; returns the exit status."""
    json_path = Path(options.json) if options.json else None
    try:
        return asyncio.run(run(Path(options.folder).expanduser().absolute(), json_path=json_path))
    except BrokenPipeError:
        # Nobody reads any more; the interpreter's own flush at the end must not fail on it once again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _INTERRUPTED


async def run(
    folder: Path,
    *,
    json_path: Path | None = None,
    names: Iterable[str] | None = None,
    stdout: TextIO | None = None,
    service: BuildService | None = None,
) -> int:
    """Compare the variants of `folder` (only those of `names`, where given), print the table to `stdout` and the
    progress to standard error, write `json_path`; returns the exit status. What was measured is printed and written
    also when the comparison ends early.
    """
    plain = _Plain(service or BuildService(), json_path, stdout or sys.stdout)
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await plain.run(folder, names)
    except asyncio.CancelledError:
        await plain.service.cancel()
        plain.finish()
        _say("✖ cancelled")
        return _INTERRUPTED
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        await plain.service.stop()


def table(results: Sequence[Result]) -> str:
    """The results as aligned columns; `DIFFERENCE` is that to the first: touched time, then size."""
    rows = [_HEADS, *(_row(result, results[0]) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = []
    for first, *figures, last in rows:
        cells = (f"{text:>{width}}" for text, width in zip(figures, widths[1:-1], strict=True))
        lines.append("  ".join([f"{first:<{widths[0]}}", *cells, last]).rstrip())
    return "\n".join(lines) + "\n"


def _row(result: Result, first: Result) -> tuple[str, ...]:
    times = (seconds(result.median(phase)) for phase in PHASES)
    return (result.name, *times, size(result.size), difference(result, first))


class _Plain:
    """One comparison without a screen."""

    def __init__(self, service: BuildService, json_path: Path | None, stdout: TextIO) -> None:
        self.service = service
        self._json_path = json_path
        self._stdout = stdout
        self._begun: tuple[str, str] | None = None
        self._measured: set[tuple[str, str]] = set()

    async def run(self, folder: Path, names: Iterable[str] | None) -> int:
        """Do it; returns the exit status."""
        service = self.service
        if self._json_path and not os.access(self._json_path.absolute().parent, os.W_OK):
            return _fail(f"Cannot write {self._json_path}.", _USAGE)
        try:
            await service.open(folder)
        except FolderError as error:
            return _fail(str(error), _USAGE)
        await service.start()
        await self._answered()
        if service.status.state is not State.LIVE:
            return _fail(f"{service.status.reason} {service.status.hint}", _NO_ENGINE)
        if service.status.reason:
            _say(f"▲ {service.status.reason}")
        try:
            service.run(names)
        except DockerError as error:
            return _fail(str(error), _USAGE)
        _say(f"{folder}: {service.engine}")
        end = service.listen(self._progress)
        try:
            await service.wait()
        finally:
            end()
        return self.finish()

    def finish(self) -> int:
        """Print and write what is measured; returns the exit status."""
        results = [
            self.service.results[one.name] for one in self.service.variants if one.name in self.service.results
        ]
        if results:
            self._stdout.write(_shown(table(results), self._stdout))
        self._stdout.flush()
        for result in results:
            if result.error:
                _say(f"✖ {result.name}: {result.error}")
        if skipped := self.service.skipped:
            _say(f"▲ Not copied, so in no build: {', '.join(skipped[:5])}{' …' if len(skipped) > 5 else ''}")
        if self.service.unclean:
            _say(f"▲ Not all of our images could be removed: {self.service.unclean}")
        if self._json_path:
            try:
                self._json_path.write_bytes(encode(results))
            except OSError as error:
                return _fail(f"Cannot write {self._json_path}: {error.strerror}.", _USAGE)
        if failure := self.service.failure:
            return _fail(str(failure), _NO_ENGINE if isinstance(failure, EngineError) else _FAILED)
        return _FAILED if any(result.error for result in results) else _FINE

    async def _answered(self) -> None:
        """Wait until the engine has answered or could not be reached."""
        changed = asyncio.Event()
        end = self.service.listen(changed.set)
        try:
            while self.service.status.state is State.STARTING:
                changed.clear()
                await changed.wait()
        finally:
            end()

    def _progress(self) -> None:
        """Say what is new: each build as it begins and ends, once."""
        for name, result in self.service.results.items():
            for phase, measure in result.measures.items():
                if (name, phase) not in self._measured:
                    self._measured.add((name, phase))
                    cached = f"{measure.cached_steps} of {measure.steps} steps cached"
                    _say(f"✓ {name} {phase} {seconds(measure.median)}, {cached}")
        now = self.service.progress
        if now and now.phase and (now.variant, now.phase) != self._begun:
            self._begun = (now.variant, now.phase)
            _say(f"◐ {now.done + 1} of {now.total}: {now.variant} {now.phase}")


def _shown(text: str, where: TextIO) -> str:
    """`text` as `where` can show it: in letters, where it has no glyphs or none are wanted."""
    if not os.environ.get("OPSTERM_ASCII") and "UTF" in (where.encoding or "UTF-8").upper():
        return text
    return text.translate(ASCII).encode("ascii", "replace").decode()


def _say(line: str) -> None:
    sys.stderr.write(_shown(f"{line.rstrip()}\n", sys.stderr))
    sys.stderr.flush()


def _fail(line: str, status: int) -> int:
    _say(f"✖ {line}")
    return status
