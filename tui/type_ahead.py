"""Keys in their order: what is typed right behind a key goes where that key leads, not where it was typed."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

if TYPE_CHECKING:
    from textual.app import App
    from textual.widget import Widget

    _Base = App[None]
else:
    _Base = object

PATIENCE = 0.25  # seconds that a key may take before the next ones no longer wait for it


class TypeAhead(_Base):
    """Mixed into the app: a key is handed out only when the one before has done its work.

    Textual hands out keys as they come, to whatever has the focus at that moment. Of `/web`, typed fast or sent in
    one piece by a slow connection, all four would reach the pane, and its keys for w, e and b would act.
    """

    class KeyDone(Message):
        """Follows a key on its way up, and comes here when nobody has anything more to do with it.

        It goes twice: the second time behind what the key made others say, such as that a text was entered.
        """

        def __init__(self, key: events.Key | events.Paste, target: Widget, again: bool = True) -> None:
            super().__init__()
            self.key = key
            self.target = target
            self.again = again

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key | events.Paste] = deque()
        self._underway: events.Key | events.Paste | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def on_event(self, event: events.Event) -> None:
        """Hold back keys and pastes while one is under way."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self._underway is not None:
            self._typed.append(event)
        else:
            await self._hand_out(event)

    async def _hand_out(self, event: events.Key | events.Paste) -> None:
        target = self.focused or self.screen
        await super().on_event(event)
        if event.is_forwarded and target.post_message(self.KeyDone(event, target)):
            self._underway = event
            self._patience = asyncio.get_running_loop().call_later(PATIENCE, self._give_up, event)

    def on_type_ahead_key_done(self, message: KeyDone) -> None:
        """Go on with the next key, behind what this one asked for: a focus moves with a message of its own."""
        message.stop()
        key, target = message.key, message.target
        if not (message.again and target.post_message(self.KeyDone(key, target, again=False))):
            self.call_later(self._go_on, key)

    async def _go_on(self, done: events.Key | events.Paste) -> None:
        if done is not self._underway:
            return
        self._end_wait()
        while self._typed and self._underway is None:
            await self._hand_out(self._typed.popleft())

    def _give_up(self, event: events.Key | events.Paste) -> None:
        """A key got stuck, or went down with a widget that was removed: the rest goes out as it would have."""
        if event is self._underway:
            self._end_wait()
            rest, self._typed = self._typed, deque()
            for each in rest:
                self.call_later(super().on_event, each)

    def _end_wait(self) -> None:
        self._underway = None
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
