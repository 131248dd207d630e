"""Keys that come in one piece act one after the other, each where the one before led."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from opsterm.services.lines import Direction, Line
from opsterm.tui.type_ahead import TypeAhead
from tests.screens.frame_app import LinesScreen, front, program, put
from tests.waiting import until

NAMES = {"/": "slash", ":": "colon", " ": "space"}


def burst(app: App[None], *keys: str) -> None:
    """Send keys in one piece: characters, and other keys by their names."""
    for key in keys:
        app.post_message(events.Key(NAMES.get(key, key), key if len(key) == 1 else None))


def some_lines() -> list[Line]:
    return [Line(text.encode(), text, 1, 1, "", Direction.RX) for text in ("web", "job", "web too")]


async def test_a_filter_typed_in_one_piece_reaches_the_prompt(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test() as pilot:
        await until(lambda: app.current_mode == "lines", "the first tab")
        await pilot.pause()
        put(app, some_lines())
        screen = front(app)
        assert isinstance(screen, LinesScreen)
        wraps = screen.lines.wrap
        burst(app, *"/web", "enter", "s")
        await until(lambda: screen.match and not screen.prompt.kind, "the filter, taken")
        assert screen.match is not None
        await until(lambda: not screen.lines.follow, "the key behind it, in the pane again")
        assert screen.match.source == "web"
        assert screen.lines.wrap is wraps  # `w` was text


async def test_what_follows_the_key_of_a_tab_acts_in_that_tab(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test() as pilot:
        await until(lambda: app.current_mode == "lines", "the first tab")
        await pilot.pause()
        burst(app, "f3", *":theme nord", "enter")
        await until(lambda: app.theme == "nord", "the theme")
        assert app.current_mode == "other"


class SmallApp(TypeAhead, App[None]):
    """An input that `o` puts there and that `ctrl+x` takes away."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "open", "Open"),
        Binding("a", "act", "Act"),
        Binding("ctrl+x", "remove", "Remove", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.input = Input()
        self.release = asyncio.Event()
        self.acted = 0

    def compose(self) -> ComposeResult:
        yield Input(id="first", disabled=True)

    async def action_open(self) -> None:
        await self.mount(self.input)
        self.input.focus()

    def action_remove(self) -> None:
        self.input.remove()

    def action_act(self) -> None:
        self.acted += 1


async def test_a_paste_waits_for_the_key_before_it() -> None:
    app = SmallApp()
    async with app.run_test():
        burst(app, "o")
        app.post_message(events.Paste("pasted"))
        burst(app, "!")
        await until(lambda: app.input.value == "pasted!", "the paste, then the key")


async def test_keys_that_go_down_with_a_widget_hold_up_nothing() -> None:
    app = SmallApp()
    async with app.run_test() as pilot:
        burst(app, "o")
        await until(lambda: app.focused is app.input, "the input")
        burst(app, *"xyz", "ctrl+x", "a")
        await until(lambda: not app.input.is_attached, "the input, gone")
        await pilot.pause()
        burst(app, "a")
        await until(lambda: app.acted, "the pane's key")


async def test_a_key_that_takes_long_holds_up_nothing() -> None:
    class Slow(Input):
        async def _on_key(self, event: events.Key) -> None:
            if event.key == "s":
                await app.release.wait()
            await super()._on_key(event)

    app = SmallApp()
    app.input = Slow()
    async with app.run_test():
        burst(app, "o")
        await until(lambda: app.focused is app.input, "the input")
        burst(app, "s", "t", "ctrl+x")  # a key of the whole program comes behind
        await until(lambda: not app.screen.query(Slow) or app.input._pruning, "the key of the program")
        app.release.set()
