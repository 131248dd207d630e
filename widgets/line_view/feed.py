"""A pane that listens to a ring and takes in what is new at the pace of the screen, while somebody can see it."""

from __future__ import annotations

import asyncio

from textual.screen import Screen
from textual.scroll_view import ScrollView

from opsterm.services.lines import Ring
from opsterm.widgets.line_view.pace import Pace, paint_interval

_BREATH = 0.001
"""Seconds between two slices of work, in which keys and data of others come through."""


class LineFeed(ScrollView):
    """Knows when to look at its ring; what to do then is `_take_in` of the class above."""

    def __init__(self, ring: Ring, id: str | None, classes: str | None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, classes=classes)
        self.ring = ring
        """The lines on show; `show` changes it."""
        self._displayed = False
        self._in_front = True
        self._called = False
        self._rest: asyncio.TimerHandle | None = None
        self._pace = Pace(self._soon, paint_interval())
        self._unlisten = ring.listen(self._told)

    def on_mount(self) -> None:
        """From now on, know whether the screen is in front."""
        self.app.screen_change_signal.subscribe(self, self._screen_changed)

    def on_unmount(self) -> None:
        """Let go of the ring."""
        self._unlisten()
        self._pace.stop()
        if self._rest is not None:
            self._rest.cancel()

    def on_show(self) -> None:
        """Catch up."""
        self._displayed = True
        self._soon()

    def on_hide(self) -> None:
        """Do nothing while nobody sees it."""
        self._displayed = False

    @property
    def seen(self) -> bool:
        """Whether the pane is on the terminal now."""
        return self._displayed and self._in_front

    def _listen_to(self, ring: Ring) -> None:
        self._unlisten()
        self.ring = ring
        self._unlisten = ring.listen(self._told)

    def _screen_changed(self, _: Screen[object]) -> None:
        self._in_front = self._is_in_front()
        self._soon()

    def _is_in_front(self) -> bool:
        for screen in reversed(self.app.screen_stack):
            if screen is self.screen:
                return True
            if screen.styles.background.a == 1:
                break
        return False

    def _told(self) -> None:
        if self.seen:
            self._pace.news()

    def _soon(self) -> None:
        # Through the message queue: the ring's writer may run in a task that knows nothing of this app.
        if not self._called:
            self._called = self.call_later(self._tick)

    def _tick(self) -> None:
        self._called = False
        if self._rest is not None:
            self._rest.cancel()
        if self.seen and not self._take_in():
            # Not straight into the queue: a queue that is never empty lets nobody else have a turn.
            self._rest = asyncio.get_running_loop().call_later(_BREATH, self._soon)

    def _take_in(self) -> bool:
        """Look at what is new and draw it; False when there is more to do than fits one slice."""
        raise NotImplementedError
