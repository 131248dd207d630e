"""A macro at work on the open port: once, or again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.macros import Macro
from opsterm.services.serial.play_script import play_script
from opsterm.services.serial.script import Run
from opsterm.services.serial.service import SerialService
from opsterm.services.service import State

_CLOSED = "The port is not open."


class MacroRun:
    """Plays `macro` with `words` for its parameters, again after `every_ms` where it has that; `run` it once.

    `count` is how often it has been played to its end. Raises BadMacroError where the words do not fit.
    """

    def __init__(self, macro: Macro, service: SerialService, words: Sequence[str] = ()) -> None:
        macro.check(words)
        self.macro = macro
        self.count = 0
        self._service = service
        self._words = words
        self._over = asyncio.Event()
        self._lost = False

    def stop(self) -> None:
        """End it now, between any two steps."""
        self._over.set()

    async def run(self) -> str:
        """Play it; returns why it failed, which a note row says as well; empty when it is done or was stopped.

        It ends when one step fails and when the port is lost; nothing of it is done later.
        """
        self._look()
        playing = asyncio.create_task(self._repeat())
        over = asyncio.create_task(self._over.wait())
        end_listening = self._service.listen(self._look)
        try:
            if not self._over.is_set():
                await asyncio.wait((playing, over), return_when=asyncio.FIRST_COMPLETED)
            failure = _CLOSED if self._lost else playing.result() if playing.done() else ""
        finally:
            end_listening()
            for task in (playing, over):
                task.cancel()
        if failure:
            self._service.note(f"macro {self.macro.name} ended: {failure[:1].lower()}{failure[1:]}")
        return failure

    def _look(self) -> None:
        if self._service.status.state is not State.LIVE:
            self._lost = True
            self._over.set()

    async def _repeat(self) -> str:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if failure := await self._play():
                return failure
            self.count += 1
            if not self.macro.every_ms:
                return ""
            due = max(due + self.macro.every_ms / 1000, loop.time())  # what was missed is not made up for
            await asyncio.sleep(due - loop.time())

    async def _play(self) -> str:
        settings = self._service.settings
        assert settings is not None  # it is open
        try:
            steps = self.macro.steps(self._words, settings.port, settings.encoding)
        except BadSettingError as error:
            return error.reason
        return await play_script(Run(steps, self._service.ring), self._service)
