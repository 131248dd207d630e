"""The frame that every tab has: tabs, context, band, main area, prompt, status and keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input

from opsterm.screens.commands import Command, CommandBar, CommandError
from opsterm.screens.tab_row import tab_parts
from opsterm.screens.tabs import GLYPHS, NARROW, ROLES, WIDE, Host, Tab
from opsterm.services.service import State
from opsterm.widgets.bar import Bar, Part, part
from opsterm.widgets.help_panel import HelpPanel
from opsterm.widgets.key_bar import KeyBar
from opsterm.widgets.prompt import Prompt
from opsterm.widgets.words import clock

SHORT = 16  # rows under which the footer goes


class TabScreen(Screen[None]):
    """One tab. A subclass fills the main area and says where it is, how it is, and what to count."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (NARROW, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012  Textual's type
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = None
    DEFAULT_CSS = """
    TabScreen { layout: vertical; }
    TabScreen > #main { height: 1fr; }
    TabScreen > #band { background: $panel; display: none; }
    TabScreen.-short > #context, TabScreen.-short > #keys { display: none; }
    TabScreen.-narrow.-aside > #main > .main--body, TabScreen.-tiny.-aside > #main > .main--body { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "escape", "Back", show=False, id="frame.escape", tooltip="End the innermost thing"),
        Binding("q", "back", "Back", show=False, id="frame.back", tooltip="Back one view"),
        Binding("colon", "command", "Command", show=False, id="frame.command", tooltip="Type a command"),
        Binding("r,ctrl+r", "retry", "Retry", show=False, id="frame.retry", tooltip="Try again or refresh now"),
    ]
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
        self._rows = {name: Bar(id=name) for name in ("tabs", "context", "band", "status")}
        self._keys = KeyBar(id="keys")
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

    def escape(self) -> bool:
        """End the innermost thing of the tab's own; False when there was none."""
        return False

    # The frame

    def compose(self) -> ComposeResult:
        """The rows in their order."""
        yield self._rows["tabs"]
        yield self._rows["context"]
        yield self._rows["band"]
        with Horizontal(id="main"):
            yield from self.compose_main()
        yield from self.compose_below()
        yield self._command_bar.completions
        yield self.prompt
        yield self._rows["status"]
        yield self._keys

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

    def on_resize(self, _: events.Resize) -> None:
        """Other widths show other parts."""
        self.call_after_refresh(self.refresh_rows)
        self.call_after_refresh(self._refresh_keys)

    def refresh_rows(self) -> None:
        """Show rows 1 to 3 and the status as they are now; a hidden screen does nothing."""
        if not self.is_current:
            return
        tabs, _, gap = tab_parts(self.host.tabs, self.tab.name, self.size.width)
        self._rows["tabs"].set_parts(tabs, self._corner(), gap)
        state = self._state()
        chips = list(self.chips()) if self.size.width >= NARROW else []
        self._rows["context"].set_parts([*self.where(), state], chips)
        band = self._band()
        self._rows["band"].display = bool(band)
        if band:
            self._rows["band"].set_parts(*band)
        self._rows["status"].set_parts(self.figures(), self.tail())

    def _refresh_keys(self) -> None:
        if self.is_current:
            width = self.size.width
            self._keys.show_keys(self, 8 if width >= WIDE else 6 if width >= NARROW else 4)
            for panel in self.query(HelpPanel):
                panel.explain(self)

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

    def _state(self) -> Part:
        status = self.tab.service.status
        word = f" {self.WORDS[status.state]}"
        runs = [(GLYPHS[status.state], ROLES[status.state]), (word, "")]
        if status.state in (State.LIVE, State.LOST, State.DEGRADED):
            runs.append((f" {clock(time.monotonic() - status.since)}", "$foreground-muted"))
        return Part(tuple(runs), keep=9)

    def _band(self) -> tuple[list[Part], list[Part]] | None:
        status = self.tab.service.status
        if status.state not in (State.LOST, State.DEGRADED, State.FAILED) or not status.reason:
            return None
        role = ROLES[status.state]
        left = [Part(((f"{GLYPHS[status.state]} ", role), (status.reason, "")), keep=9)]
        if status.hint:
            left.append(part(status.hint, "$foreground-muted", keep=4))
        right = []
        if status.retry_at is not None:
            wait = max(0, round(status.retry_at - time.monotonic()))
            right.append(part(f"next try in {wait} s", "$foreground-muted", keep=3))
        right.append(Part((("r", "bold $footer-key-foreground"), (" now", "")), id="retry", keep=5))
        return left, right

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
        self.app.simulate_key(event.part_id)

    @on(Bar.Pressed, "#band")
    def _band_pressed(self, event: Bar.Pressed) -> None:
        event.stop()
        self.action_retry()

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

    def action_retry(self) -> None:
        """Try the connection again now."""
        self.tab.service.retry()

    def action_help(self) -> None:
        """Open or close the help at the right."""
        if self.query(HelpPanel):
            self.close_aside()
            return
        panel = HelpPanel(self.tab.title)
        self.open_aside(panel)
        self.call_after_refresh(panel.explain, self)

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

    def open_aside(self, panel: Any) -> None:
        """Show `panel` at the right of the main area, in place of another one."""
        self.close_aside()
        self.add_class("-aside")
        panel.add_class("aside")
        self.query_one("#main").mount(panel)

    def close_aside(self) -> bool:
        """Close the panel at the right; False when there is none."""
        panels = self.query("#main > .aside")
        if not panels:
            return False
        panels.remove()
        self.remove_class("-aside")
        self.call_after_refresh(self._refresh_keys)
        return True
