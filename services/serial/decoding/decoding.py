"""A ring, decoded by a decoder that may be exchanged or edited at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from opsterm.services.lines import Ring
from opsterm.services.listeners import Listeners
from opsterm.services.serial.decoding.code import Code, DecoderError, check, load, names
from opsterm.services.serial.decoding.run import Run
from opsterm.services.serial.watch import Watch
from opsterm.services.threads import in_thread

_SETTLE_SECONDS = 0.05
"""From a change in the folder to the look at it: an editor may take several steps to save."""


class Decoding:
    """`ring` is what to show of `source`: itself, until a decoder is chosen; `source` is never touched.

    Files in `folder` are taken before decoders built in, and are read again whenever they are saved. The new code
    decodes everything that `source` still has into another ring, which then takes the place of the one before. Code
    that does not load, hangs, or fails at a line at which the code in force does not, changes nothing but `error`.
    A line at which the code in force fails is shown as it came, and `error` says why. Where code fails at its first
    lines, or hangs, the one before it comes back; where there is none, the lines are shown undecoded.

    Belongs on the event loop.
    """

    def __init__(self, source: Ring, folder: Path) -> None:
        self.name = ""
        """The decoder chosen, or ""."""
        self.error = ""
        """What is wrong with it in one line, such as `decoders/bus.py line 3: KeyError 'x'`, or ""."""
        self._source = source
        self._folder = folder
        self._listeners = Listeners()
        self._changing = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._run: Run | None = None  # in force
        self._next: Run | None = None  # to be
        self._latest: Code | None = None  # as last read
        self._before: Code | None = None  # what was in force before the code that is

    @property
    def ring(self) -> Ring:
        """The lines to show. Another one after each change of decoder or code; `listen` tells."""
        return self._run.ring if self._run else self._source

    @property
    def names(self) -> list[str]:
        """Of the decoders there are now."""
        return names(self._folder)

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called when `ring` is another one or `error` changed; returns the function that ends it."""
        return self._listeners.add(told)

    async def use(self, name: str) -> None:
        """Choose a decoder, or none with "". Returns at once; `ring` follows when all is decoded, else `error` does.

        Raises DecoderError where no decoder can have that name, and then nothing changes.
        """
        if not name:
            await self.stop()
            return
        check(name)
        async with self._changing:
            await self._end_watching()
            if name != self.name:
                self._say("")
            self.name = name
            self._latest = self._before = None
            if self._next is not None:
                self._next.end()
                self._next = None
            self._watching = asyncio.create_task(self._watch(name))

    async def stop(self) -> None:
        """Choose none, and end everything; may be called again."""
        async with self._changing:
            await self._end_watching()
            self.name = ""
            self._latest = self._before = None
            for run in (self._run, self._next):
                if run is not None:
                    run.end()
            changed = self._run is not None or self.error
            self._run = self._next = None
            self.error = ""
            if changed:
                self._listeners.tell()

    async def _end_watching(self) -> None:
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.wait([watching])

    async def _watch(self, name: str) -> None:
        with Watch(str(self._folder / f"{name}.py"), written=True) as watch:
            while True:
                watch.clear()
                await self._look(name)
                await watch.wait()
                await asyncio.sleep(_SETTLE_SECONDS)

    async def _look(self, name: str) -> None:
        """Read the code, and try it if it is not what it was."""
        try:
            code = await in_thread(partial(load, name, self._folder), "read a decoder")
        except DecoderError as error:
            self._latest = None
            self._refuse(error.reason)
            return
        if code == self._latest:
            return
        self._latest = code
        self._try(code)

    def _try(self, code: Code) -> None:
        if self._next is not None:
            self._next.end()
        self._next = Run(self._source, code, self._moved)

    def _moved(self, run: Run) -> None:
        if run is self._next:
            if run.dead or self._is_worse(run):
                self._refuse(run.error)
            elif run.caught_up:
                self._take_over(run)
        elif run is self._run:
            if run.dead or not run.proven:
                self._give_up(run)
            else:
                self._say(run.error)

    def _is_worse(self, run: Run) -> bool:
        """Whether it fails at lines at which the code in force does not."""
        old = self._run
        if old is None or old.dead or old.code.name != run.code.name:
            return False
        return any(seq < old.next_seq for seq in run.failed - old.failed)

    def _take_over(self, run: Run) -> None:
        old, self._run, self._next = self._run, run, None
        if old is not None:
            old.end()
        if run.code == self._latest:  # else it is the one before, come back, and the error is that of the latest
            self._before = old.code if old is not None and not old.dead and old.code.name == run.code.name else None
            self.error = run.error
        self._listeners.tell()

    def _refuse(self, error: str) -> None:
        """What was to be in force will not be."""
        if self._next is not None:
            self._next.end()
            self._next = None
        self.error, changed = error, error != self.error
        old = self._run
        if old is not None and (old.dead or old.code.name != self.name):
            old.end()
            self._run = None
            changed = True
        if changed:
            self._listeners.tell()

    def _give_up(self, run: Run) -> None:
        """The code in force is bad: back to the one before, if there is one."""
        before, self._before = self._before, None
        if self._next is not None:  # newer code is on its way
            self._say(run.error)
        elif before is not None:
            self._say(run.error)
            self._try(before)
        elif run.dead:
            self._refuse(run.error)
        else:
            self._say(run.error)

    def _say(self, error: str) -> None:
        if error != self.error:
            self.error = error
            self._listeners.tell()
