"""The frame that every tab has: tabs, context, band, main area, prompt, status and keys."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerState

from opsterm.screens.band import band_key, band_rows, state_part
from opsterm.screens.commands import Command, CommandBar, CommandError
from opsterm.screens.tab_row import tab_parts
from opsterm.screens.tabs import NARROW, WIDE, Host, Tab
from opsterm.services.service import State, Status
from opsterm.services.telemetry.reports import reports
from opsterm.services.text import clean
from opsterm.widgets.bar import Bar, Part, part
from opsterm.widgets.help_panel import HelpPanel
from opsterm.widgets.key_bar import KeyBar
from opsterm.widgets.prompt import Prompt

SHORT = 16  # rows under which row 2 joins row 1 and the footer goes
LEAST_WIDTH, LEAST_HEIGHT = 40, 8  # under which nothing sensible can be drawn

log = logging.getLogger(__name__)


class TabScreen(Screen[None]):
    """One tab. A subclass fills the main area and says where it is, how it is, and what to count."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (NARROW, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012  Textual's type
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = None
    DEFAULT_CSS = """
    TabScreen { layout: vertical; layers: default over; }
    TabScreen > #main { height: 1fr; }
    TabScreen > #band, TabScreen > #band2 { background: $panel; display: none; }
    TabScreen > #small { layer: over; dock: top; width: 100%; height: 100%; background: $background; display: none; }
    TabScreen.-short > #context, TabScreen.-short > #keys { display: none; }
    TabScreen.-narrow.-aside > #main > .main--body, TabScreen.-tiny.-aside > #main > .main--body { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "escape", "Back", show=False, id="frame.escape", tooltip="End the innermost thing"),
        Binding("q", "back", "Back", show=False, id="frame.back", tooltip="Back one view"),
        Binding("colon", "command", "Command", show=False, id="frame.command", tooltip="Type a command"),
        Binding("r,ctrl+r", "retry", "Retry", show=False, id="frame.retry", tooltip="Try again or refresh now"),
        Binding("tab", "app.focus_next", "Next", show=False, id="frame.next", tooltip="The next pane or input"),
        Binding(
            "shift+tab", "app.focus_previous", "Previous", show=False, id="frame.previous", tooltip="The one before"
        ),
    ]
    FOOTER: ClassVar[Sequence[str]] = ()
    """Ids of the keys that are used most, for the footer; others come behind them."""
    WORDS: ClassVar[Mapping[State, str]] = {
        State.OFF: "off",
        State.STARTING: "connecting",
        State.LIVE: "open",
        State.DEGRADED: "degraded",
        State.LOST: "lost",
        State.FAILED: "failed",
    }

    def __init__(self, tab: Tab) -> None:
        super().__init__()
        self.tab = tab
        self.prompt = Prompt(id="prompt")
        self._rows = {name: Bar(id=name) for name in ("tabs", "context", "band", "band2", "status")}
        self._keys = KeyBar(id="keys")
        self._small = Static(id="small")
        self._aside: Widget | None = None  # the panel at the right
        self._before_aside: Widget | None = None  # what had the focus before the panel at the right
        self._command_bar = CommandBar(self)

    @property
    def host(self) -> Host:
        """The program around this screen."""
        return cast(Host, self.app)

    # What a tab says of itself

    def compose_main(self) -> ComposeResult:
        """The main area; each widget in it gets the class `main--body` if a panel may cover it."""
        raise NotImplementedError

    def compose_below(self) -> ComposeResult:
        """A row of the tab's own in the place of the prompt; hide it by `.-asking`."""
        yield from ()

    def where(self) -> Sequence[Part]:
        """Row 2, left: the names of where we are."""
        return ()

    def context(self, state: Part) -> Sequence[Part]:
        """Row 2, left, with the state of the tab."""
        return (*self.where(), state)

    def chips(self) -> Sequence[Part]:
        """Row 2, right: how the view is set."""
        return ()

    def figures(self) -> Sequence[Part]:
        """Status line, left: what is counted."""
        return ()

    def tail(self) -> Sequence[Part]:
        """Status line, right: whether the view follows."""
        return ()

    def commands(self) -> Sequence[Command]:
        """What `:` can do here."""
        return [
            Command("quit", "end opsterm (ctrl+q)", lambda _: self.app.exit(), aliases=("q",)),
            Command("help", "the keys that act now (?)", lambda _: self.action_help()),
            Command("messages", "everything that was said in passing", lambda _: self.action_messages()),
            Command("theme", "another theme", self._use_theme, lambda: sorted(self.app.available_themes)),
            *(
                Command(tab.name, f"the {tab.title} tab ({tab.key.upper()})", self._show(tab))
                for tab in self.host.tabs
            ),
        ]

    def palette(self) -> Sequence[tuple[str, str, Callable[[], object]]]:
        """What the palette offers besides the keys: each its name, its key if it has one, and what it does."""
        return ()

    @property
    def busy(self) -> str:
        """What runs here that quitting would stop, for a question; empty while nothing does."""
        return ""

    @property
    def said_status(self) -> Status:
        """How the service is, with the words that the band shows."""
        return self.tab.service.status

    def band_keys(self) -> Sequence[Part]:
        """The keys that help while something is wrong."""
        return (band_key("r", "now", "retry"),)

    def escape(self) -> bool:
        """End the innermost thing of the tab's own; False when there was none."""
        return False

    # The frame

    def compose(self) -> ComposeResult:
        """The rows in their order."""
        yield self._rows["tabs"]
        yield self._rows["context"]
        yield self._rows["band"]
        yield self._rows["band2"]
        with Horizontal(id="main"):
            yield from self.compose_main()
        yield from self.compose_below()
        yield self._command_bar.completions
        yield self.prompt
        yield self._rows["status"]
        yield self._keys
        yield self._small

    def on_mount(self) -> None:
        """Keep the rows true: the program tells of changes at once, and figures and ages are read twice a second."""
        self.host.watch_service(self.tab)
        self.set_interval(0.5, self.refresh_rows)
        self.bindings_updated_signal.subscribe(self, lambda _: self.call_after_refresh(self._refresh_keys))
        self.refresh_rows()

    def on_screen_resume(self) -> None:
        """Shown again: whoever looks has seen the alerts."""
        self.tab.alerts = 0
        self.refresh_rows()
        self._refresh_keys()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Work that failed in the background is said and kept in the log; nothing else stops."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            log.error("in the background, %s", event.worker.name or event.worker.group, exc_info=error)
            reports.capture(error, mechanism="worker")
            self.host.toast(
                f"{type(error).__name__}: {clean(str(error))} (in the background; see the log).", bad=True
            )

    def on_resize(self, event: events.Resize) -> None:
        """Other widths show other parts."""
        width, height = event.size
        self._small.display = width < LEAST_WIDTH or height < LEAST_HEIGHT
        needs = f"opsterm needs {LEAST_WIDTH}×{LEAST_HEIGHT} (now {width}×{height}); everything keeps running."
        self._small.update(Content(needs))
        self.call_after_refresh(self.refresh_rows)
        self.call_after_refresh(self._refresh_keys)

    def refresh_rows(self) -> None:
        """Show rows 1 to 3 and the status as they are now; a hidden tab does nothing."""
        if self not in self.app.screen_stack:
            return
        width, height = self.size
        tabs, _, gap = tab_parts(self.host.tabs, self.tab.name, width)
        status = self.tab.service.status
        state = state_part(status, self.WORDS)
        if height < SHORT:  # beside the tabs, names give way and the state stays
            names = [replace(each, keep=max(0, each.keep - 3)) for each in self.where()]
            badges = [part(text, style, keep=8) for text, style in self.host.badges]
            self._rows["tabs"].set_parts(tabs, [*names, state, *badges], gap)
        else:
            self._rows["tabs"].set_parts(tabs, self._corner(), gap)
            self._rows["context"].set_parts(self.context(state), self.chips() if width >= NARROW else ())
        band = band_rows(self.said_status, self.band_keys(), width)
        for index, name in enumerate(("band", "band2")):
            self._rows[name].display = index < len(band)
            if index < len(band):
                self._rows[name].set_parts(*band[index])
        self._rows["status"].set_parts(self.figures(), self.tail())

    def _refresh_keys(self) -> None:
        if self.is_current:
            width = self.size.width
            self._keys.show_keys(self, 8 if width >= WIDE else 6 if width >= NARROW else 3, self.FOOTER)
            if isinstance(self._aside, HelpPanel):
                self._aside.explain(self)

    def _corner(self) -> list[Part]:
        badges = [part(text, style, keep=8) for text, style in self.host.badges]
        if self.size.width < NARROW:
            return badges
        if self.size.width < WIDE:
            return [*badges, part("?", id="help", keep=7)]
        offset = time.strftime("%z", time.localtime())
        return [
            *badges,
            part(f"times local {offset[:3]}:{offset[3:]}", "$foreground-muted", keep=2),
            part("? help", id="help", keep=7),
        ]

    # Keys and clicks of the frame

    @on(Bar.Pressed, "#tabs")
    def _tab_pressed(self, event: Bar.Pressed) -> None:
        event.stop()
        if event.part_id == "help":
            self.action_help()
        else:
            self.host.show_tab(event.part_id)

    @on(Bar.Pressed, "#keys")
    def _key_pressed(self, event: Bar.Pressed) -> None:
        event.stop()
        # By way of the program: a key that a screen itself sends never bubbles beyond that screen, to its bindings.
        self.app.call_later(self.app.simulate_key, event.part_id)

    @on(Bar.Pressed, "#band")
    @on(Bar.Pressed, "#band2")
    def _band_pressed(self, event: Bar.Pressed) -> None:
        event.stop()
        if event.part_id == "retry":
            self.action_retry()
        else:
            self.action_escape()

    @on(Prompt.Opened)
    def _prompt_opened(self) -> None:
        self.add_class("-asking")

    @on(Prompt.Closed)
    def _prompt_closed(self, event: Prompt.Closed) -> None:
        self.remove_class("-asking")
        before = event.before
        if before is not None and before.is_attached and before.focusable:
            before.focus()
        else:
            self.restore_focus()

    def restore_focus(self) -> None:
        """Give the focus back to the main area after a prompt or panel."""
        for widget in self.query(".main--body"):
            if widget.can_focus and widget.display:
                widget.focus()
                return

    def action_escape(self) -> None:
        """End the innermost: prompt, panel, what the tab has, focus of an input."""
        if self.prompt.give_up() or self.close_aside() or self.escape():
            return
        if isinstance(self.focused, Input):
            self.restore_focus()

    def action_back(self) -> None:
        """Back one view; at the root nothing is left to go back from."""
        if not (self.close_aside() or self.escape()):
            self.host.toast("ctrl+q quits.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In an input ctrl+r searches what was typed before, or does nothing."""
        if action == "retry" and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def action_retry(self) -> None:
        """Try the connection again now."""
        self.tab.service.retry()

    def action_help(self) -> None:
        """Open or close the help at the right."""
        if isinstance(self._aside, HelpPanel):
            self.close_aside()
            return
        panel = HelpPanel(self.tab.title)
        panel.explain(self)  # before the panel can take the focus from what it explains
        self.open_aside(panel)

    def action_command(self) -> None:
        """Open the command bar."""
        self._command_bar.ask()

    def action_messages(self) -> None:
        """Show everything that was said in passing at the right."""
        from opsterm.screens.messages import MessagesPanel  # noqa: PLC0415  loaded when it is asked for

        panel = MessagesPanel(self.host.messages)
        self.open_aside(panel)
        panel.call_after_refresh(panel.focus_lines)

    def _use_theme(self, name: str) -> None:
        if name not in self.app.available_themes:
            raise CommandError(f'no theme "{name}"')
        self.app.theme = name

    def _show(self, tab: Tab) -> Callable[[str], object]:
        return lambda _: self.host.show_tab(tab.name)

    def open_aside(self, panel: Widget) -> None:
        """Show `panel` at the right of the main area, in place of another one."""
        before = None if self.focused is self.prompt.input else self.focused
        if self.close_aside():
            before = self._before_aside
        self._before_aside = before
        self.add_class("-aside")
        self._aside = panel
        panel.add_class("aside")
        self.query_one("#main").mount(panel)

    @property
    def aside(self) -> Widget | None:
        """The panel at the right."""
        return self._aside

    def close_aside(self) -> bool:
        """Close the panel at the right; False when there is none."""
        panel, self._aside = self._aside, None
        if panel is None:
            return False
        took_focus = self.focused is None or panel in self.focused.ancestors_with_self
        panel.remove()
        self.remove_class("-aside")
        self.call_after_refresh(self._after_aside, took_focus)
        return True

    def _after_aside(self, took_focus: bool) -> None:
        """The focus goes back to where it was before the panel."""
        if took_focus and self._aside is None:
            before = self._before_aside
            if before is not None and before.is_attached and before.focusable:
                before.focus()
            else:
                self.restore_focus()
        self._refresh_keys()
