"""The program on the screen: tabs, themes, keys and what all screens share."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.filter import LineFilter
from textual.screen import Screen

from opsterm.screens.curtain import Curtain
from opsterm.screens.tabs import Tab
from opsterm.services.lines import Direction, Line, Ring
from opsterm.services.telemetry.destination import ReportsError, chosen_dsn
from opsterm.services.telemetry.reports import reports
from opsterm.services.threads import in_thread
from opsterm.tui import __version__
from opsterm.tui.config import Config, config_dir
from opsterm.tui.crash import CrashGuard, log_to_file
from opsterm.tui.memory import Memory
from opsterm.tui.type_ahead import TypeAhead

if TYPE_CHECKING:
    from textual.notifications import Notify

    from opsterm.screens.frame import TabScreen

MOST_TOASTS = 3  # shown at once
QUIET_NS = 60 * 10**9  # how long a failure that was said is only kept when it comes again
STOP_SECONDS = 0.8  # what the services have to end in, so that quitting takes at most a second


class OpsTerm(TypeAhead, CrashGuard, App[None]):
    """opsterm on the screen. The tabs and their services are given to it; it owns them from then on."""

    TITLE = "opsterm"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[Any]] = set()
    DEFAULT_CSS = """
    Toast { max-width: 60; padding: 0 1; }
    ToastRack { offset-y: -4; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, id="app.quit", tooltip="End opsterm"),
        Binding("f1", "tab(0)", "Serial", show=False, id="app.tab1", tooltip="Show the first tab"),
        Binding("f2", "tab(1)", "Pods", show=False, id="app.tab2", tooltip="Show the second tab"),
        Binding("f3", "tab(2)", "Builds", show=False, id="app.tab3", tooltip="Show the third tab"),
        Binding("f4", "tab(3)", "Traces", show=False, id="app.tab4", tooltip="Show the fourth tab"),
        Binding(
            "ctrl+pageup",
            "tab_by(-1)",
            "Previous tab",
            show=False,
            priority=True,  # Textual's scrolling panels have it, too
            id="app.tab_left",
            tooltip="The tab at the left",
        ),
        Binding(
            "ctrl+pagedown",
            "tab_by(1)",
            "Next tab",
            show=False,
            priority=True,
            id="app.tab_right",
            tooltip="The tab at the right",
        ),
        Binding("ctrl+g", "jump", "Jump", show=False, id="app.jump", tooltip="A letter on every tab and pane"),
        Binding(
            "ctrl+p", "command_palette", "Palette", show=False, id="app.palette", tooltip="Every action, by its name"
        ),
        Binding("question_mark", "help", "Help", show=False, id="app.help", tooltip="The keys that act now"),
    ]

    def __init__(
        self,
        tabs: Sequence[Tab],
        screens: Mapping[str, Callable[[Tab], TabScreen]],
        config: Config,
        memory: Memory,
        *,
        front: str = "",
        demo: bool = False,
        read_only: bool = False,
    ) -> None:
        self._tabs = {tab.name: tab for tab in tabs}
        self._front = front if front in self._tabs else tabs[0].name
        super().__init__()
        self._makers = screens
        self._screens: dict[str, TabScreen] = {}  # those that were shown at least once
        for name in self._tabs:
            self._modes[name] = partial(self._make_screen, name)
        self.config = config
        self._memory = memory
        self._messages = Ring(max_lines=500)
        self._demo = demo
        self._read_only = read_only or config.read_only
        self._said: dict[str, float] = {}
        self._fresh = False
        self._quitting = False  # the question whether to quit is on the screen
        self._remarks: list[str] = []  # what is said when the first tab is there
        if wants_ascii(os.environ):
            self._filters.append(AsciiFilter())
        if theme := config.theme or memory.get("theme", ""):
            self.theme = theme if theme in self.available_themes else "textual-dark"
            if theme != self.theme:
                self._remarks.append(f'No theme "{theme}": this is {self.theme}. :theme shows all.')
        if config.keys:
            self.set_keymap(config.keys)

    # What the screens ask for: opsterm.screens.tabs.Host

    @property
    def tabs(self) -> Sequence[Tab]:
        """All tabs, in the order of their keys."""
        return list(self._tabs.values())

    @property
    def badges(self) -> Sequence[tuple[str, str]]:
        """What must not be forgotten about this run."""
        return [
            *([("DEMO", "bold $warning")] if self._demo else []),
            *([("RO", "bold $success")] if self._read_only else []),
        ]

    @property
    def messages(self) -> Ring:
        """Everything that was said in passing, the last 500."""
        return self._messages

    @property
    def config_folder(self) -> Path:
        """Where the user's files for opsterm are."""
        return config_dir()

    @property
    def memory(self) -> Memory:
        """What is remembered from one run to the next."""
        return self._memory

    def toast(self, text: str, *, bad: bool = False) -> None:
        """Say something that has no place of its own.

        A failure that comes again within a minute is only kept, not shown; an answer to a key is not shown twice at
        a time.
        """
        now = time.time_ns()
        self._messages.append(Line(b"", text, now, now, "", Direction.NOTE))
        seconds = 10 if bad else 5
        if now - self._said.get(text, 0) > (QUIET_NS if bad else seconds * 10**9):
            self._said[text] = now
            self.notify(text, severity="error" if bad else "information", timeout=seconds, markup=False)

    def on_notify(self, _: Notify) -> None:
        """The oldest gives way to one more than fit."""
        for old in list(self._notifications)[: 1 - MOST_TOASTS]:
            self._unnotify(old, refresh=False)

    def loop_failed(self, what: str) -> None:
        """Say that something failed in the background; the log has the whole of it."""
        from opsterm.services.text import clean  # noqa: PLC0415  after first paint

        self.toast(f"{clean(what)} (in the background; see the log).", bad=True)

    # Life

    def get_default_screen(self) -> Screen[Any]:
        """What is painted first; a screen of a mode would have all styles read twice."""
        return Curtain(self.tabs, self._front)

    def on_mount(self) -> None:
        """Guard the ends; everything that can wait does until the first paint is out."""
        self.guard()
        self.call_after_refresh(self.set_timer, 0.001, self._after_paint)

    def _after_paint(self) -> None:
        self._start_reports()
        if self.current_mode == self.DEFAULT_MODE:
            self.show_tab(self._front)
        self.log_path = log_to_file(self._memory.path.parent)
        for remark in (*self._remarks, self._memory.problem):
            if remark:
                self.toast(remark, bad=True)
        self.set_interval(2.0, self._save)
        for tab in self.tabs:
            if tab.eager:
                self.run_worker(tab.service.start(), group=f"start {tab.name}", exit_on_error=False)
        calm_collector()

    def _start_reports(self) -> None:
        loop, sentry = asyncio.get_running_loop(), self.config.sentry

        def said(text: str) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(partial(self.toast, text, bad=True))

        try:
            dsn = chosen_dsn(sentry.dsn)
            reports.start(dsn, sentry.traces_sample_rate, __version__, sentry.environment, said)
        except ReportsError as error:
            self._remarks.append(str(error))

    def watch_service(self, tab: Tab) -> None:
        """Show each change of a tab's service at once; a screen calls it when it comes to life."""
        tab.service.listen(self._news)

    def _news(self) -> None:
        if not self._fresh:
            self._fresh = True
            self.call_later(self._show_news)

    def _show_news(self) -> None:
        self._fresh = False
        if screen := self._screens.get(self.current_mode):
            screen.refresh_rows()

    def _save(self) -> None:
        if not self._memory.changed:
            return
        if not self._memory.save():
            self.toast(self._memory.problem, bad=True)

    def watch_theme(self, theme: str) -> None:
        """Remember the theme that was chosen."""
        self._memory["theme"] = theme

    async def on_unmount(self) -> None:
        """End every service, and write what is to be remembered."""
        awake = [tab.service.stop() for tab in self._tabs.values() if tab.awake]
        if reports.on:
            awake.append(in_thread(reports.close, "reports"))
        if awake:
            await asyncio.wait([asyncio.ensure_future(each) for each in awake], timeout=STOP_SECONDS)
        if self._memory.changed:
            self._memory.save()

    def _make_screen(self, name: str) -> TabScreen:
        screen = self._screens[name] = self._makers[name](self._tabs[name])
        return screen

    # Actions

    async def action_quit(self) -> None:
        """End the program; while something runs that this would stop, ask first. Again means yes."""
        busy = [screen.busy for screen in self._screens.values() if screen.busy]
        if not busy or self._quitting:
            self.exit()
            return
        from opsterm.screens.confirm import ConfirmScreen  # noqa: PLC0415  when it is asked

        self._quitting = True
        self.push_screen(
            ConfirmScreen("Quit while this runs?", [*busy, "ctrl+q again quits."], "Quit"), self._answered
        )

    def _answered(self, quits: bool | None) -> None:
        self._quitting = False
        if quits:
            self.exit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A question takes the keyboard: no other tab before it is answered."""
        if action in ("tab", "tab_by") and len(self.screen_stack) > 1:
            from opsterm.screens.confirm import ConfirmScreen  # noqa: PLC0415

            return not isinstance(self.screen, ConfirmScreen)
        return super().check_action(action, parameters)

    def action_tab(self, index: int) -> None:
        """Show a tab by its place."""
        self.show_tab(self.tabs[index].name)

    def action_tab_by(self, step: int) -> None:
        """Show the tab `step` places on."""
        names = list(self._tabs)
        here = self.current_mode if self.current_mode in names else self._front
        self.show_tab(names[(names.index(here) + step) % len(names)])

    def show_tab(self, name: str) -> None:
        """Show a tab; the others go on working."""
        while len(self.screen_stack) > 1:  # a palette or the jump letters belong to the tab that is left
            self.pop_screen()
        self._memory["tab"] = name
        self.switch_mode(name)

    def action_help(self) -> None:
        """Help of the tab in front."""
        if screen := self._tab_screen:
            screen.action_help()

    def action_jump(self) -> None:
        """Letters on every tab and pane."""
        from opsterm.screens.jump import JumpScreen  # noqa: PLC0415  after first paint

        if screen := self._tab_screen:
            self.push_screen(JumpScreen(screen, self, self.show_tab))

    def action_command_palette(self) -> None:
        """Every action of the tab in front, by its name, with its key."""
        from textual.command import CommandPalette  # noqa: PLC0415  after first paint

        from opsterm.tui.palette import Actions  # noqa: PLC0415

        if self._tab_screen:
            self.push_screen(CommandPalette(providers=[Actions], placeholder="type to search"))

    @property
    def _tab_screen(self) -> TabScreen | None:
        """The tab in front; None while something lies over it, or before the first one is there."""
        from opsterm.screens.frame import TabScreen  # noqa: PLC0415  loaded by the first tab

        return self.screen if isinstance(self.screen, TabScreen) else None


def calm_collector() -> None:
    """Keep Python's cyclic garbage collector from stopping the loop to look through lines.

    A full collection goes through every line that is kept. While 800,000 lines went through a ring of 200,000 there
    were 8 of them, of up to 192 ms each (944 ms of 3.0 s); with this, none (1.3 s). Lines form no cycles, and what
    was made up to here stays to the end: it is frozen, and the oldest generation is looked through much less often.
    """
    young, middle, _ = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(young, middle, 1_000)


def wants_ascii(environment: Mapping[str, str]) -> bool:
    """Whether glyphs are to be drawn in ASCII: by OPSTERM_ASCII, or because the locale is not of UTF-8."""
    if environment.get("OPSTERM_ASCII"):
        return True
    locale = next((found for name in ("LC_ALL", "LC_CTYPE", "LANG") if (found := environment.get(name))), "")
    return bool(locale) and "utf" not in locale.casefold()


class AsciiFilter(LineFilter):
    """Draws the glyphs of opsterm in ASCII, cell for cell."""

    def apply(self, segments: list[Any], background: Color) -> list[Any]:  # noqa: ARG002  Textual's signature
        """Translate each segment."""
        from rich.segment import Segment  # noqa: PLC0415

        from opsterm.widgets.words import ASCII  # noqa: PLC0415

        return [Segment(text.translate(ASCII), style, control) for text, style, control in segments]
