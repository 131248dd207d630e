"""Macros of the configuration: on F7 to F12, as buttons, in the palette, and by `:macro NAME`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from opsterm.screens.commands import Command, CommandError
from opsterm.screens.serial_transfers import SerialTransfers
from opsterm.screens.tabs import Tab
from opsterm.services.serial.errors import SerialError
from opsterm.services.service import State
from opsterm.widgets.bar import Bar, Part

if TYPE_CHECKING:
    from opsterm.services.serial.macros import Macro
    from opsterm.services.serial.macros_run import MacroRun

_FIRST_KEY = 7
_KEYS = 6
_LOOK_SECONDS = 0.5


class SerialMacros(SerialTransfers):
    """The part of the tab that plays macros; several may be at work at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            f"f{number}",
            f"macro_key('F{number}')",
            f"Macro {number - _FIRST_KEY + 1}",
            show=False,
            id=f"serial.macro_{number - _FIRST_KEY + 1}",
            tooltip=f"Play the macro that has F{number} in the configuration, or stop it",
        )
        for number in range(_FIRST_KEY, _FIRST_KEY + _KEYS)
    ]
    DEFAULT_CSS = """
    SerialMacros #macros { background: $panel; display: none; }
    SerialMacros.-choosing #macros { display: none; }
    """

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.macros: Sequence[Macro] = ()
        """All there are, in the order of the configuration."""
        self._playing: dict[str, MacroRun] = {}
        self._buttons = Bar(id="macros")

    def compose_below(self) -> ComposeResult:
        """The buttons, above the Tx row."""
        yield self._buttons
        yield from super().compose_below()

    def on_mount(self) -> None:
        """Keep the counts fresh."""
        self._buttons.display = bool(self.macros)
        self._show_buttons()
        if self.macros:
            self.set_interval(_LOOK_SECONDS, self._show_buttons)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key without a macro does nothing."""
        if action == "macro_key" and (
            self.pane is None or not any(each.key == parameters[0] for each in self.macros)
        ):
            return False
        return super().check_action(action, parameters)

    @property
    def running(self) -> bool:
        """Whether something runs that `x` stops."""
        return bool(self._playing) or super().running

    def action_stop(self) -> None:
        """Stop all of it."""
        super().action_stop()
        for run in self._playing.values():
            run.stop()

    # Playing

    def action_macro_key(self, key: str) -> None:
        """Play the macro of this key."""
        for macro in self.macros:
            if macro.key == key:
                self.play(macro)

    @on(Bar.Pressed, "#macros")
    def _button_pressed(self, event: Bar.Pressed) -> None:
        event.stop()
        self.play(self._named(event.part_id))

    def play(self, macro: Macro) -> None:
        """Play it, or stop it where it is at work; ask for its parameters first."""
        if macro.name in self._playing:
            self._playing[macro.name].stop()
        elif macro.parameters:
            self.prompt.ask(
                "macro",
                f"{macro.name} ›",
                done=partial(self._asked, macro),
                note=f"{macro.parameters} word{'' if macro.parameters == 1 else 's'}   enter plays",
            )
        else:
            try:
                self._begin_macro(macro, ())
            except CommandError as error:
                self.host.toast(f"{macro.name}: {error}.", bad=True)

    def _asked(self, macro: Macro, typed: str) -> bool:
        try:
            self._begin_macro(macro, _words(typed))
        except CommandError as error:
            self.prompt.note(f"✖ {error}", bad=True)
            return False
        return True

    def _begin_macro(self, macro: Macro, words: Sequence[str]) -> None:
        from opsterm.services.serial.macros_run import MacroRun  # noqa: PLC0415  with the first macro

        if self.service.status.state is not State.LIVE:
            raise CommandError("the port is not open")
        try:
            run = MacroRun(macro, self.service, words)
        except SerialError as error:
            raise CommandError(error.reason) from None
        self._playing[macro.name] = run
        self.lines.follow = True
        self.run_worker(self._played(run), group="macros", exit_on_error=False)
        self._show_buttons()
        self.refresh_bindings()

    async def _played(self, run: MacroRun) -> None:
        try:
            failure = await run.run()
        finally:
            del self._playing[run.macro.name]
        if failure:
            self.host.toast(f"{run.macro.name}: {failure}", bad=True)
        self._show_buttons()
        self.refresh_bindings()

    # Buttons and commands

    def _show_buttons(self) -> None:
        if self.is_attached:
            self._buttons.set_parts([self._button(macro) for macro in self.macros])

    def _button(self, macro: Macro) -> Part:
        run = self._playing.get(macro.name)
        every = f" {macro.every_ms} ms" if macro.every_ms else ""
        runs = [(f"{macro.key} " if macro.key else "", "bold $footer-key-foreground"), (f"{macro.name}{every}", "")]
        if run is not None:
            runs.append((f" ◐ {run.count:,} sent", "$accent"))
        return Part(tuple(runs), id=macro.name, keep=6 if macro.key else 4)

    def commands(self) -> Sequence[Command]:
        """Macros, by command."""
        if not self.macros:
            return super().commands()
        names = [each.name for each in self.macros]
        return (*super().commands(), Command("macro", "play a macro: macro NAME [WORD…]", self._macro, lambda: names))

    def _macro(self, typed: str) -> None:
        name, *words = _words(typed) or [""]
        if name not in {each.name for each in self.macros}:
            raise CommandError(f"macro NAME, which is one of {', '.join(each.name for each in self.macros)}")
        if name in self._playing:
            self._playing[name].stop()
        else:
            self._begin_macro(self._named(name), words)

    def _named(self, name: str) -> Macro:
        return next(each for each in self.macros if each.name == name)

    def palette(self) -> Sequence[tuple[str, str, Callable[[], object]]]:
        """And each macro."""
        if self.pane is None:
            return super().palette()
        return (
            *super().palette(),
            *((f"Send macro {each.name}", each.key.casefold(), partial(self.play, each)) for each in self.macros),
        )


def _words(typed: str) -> list[str]:
    try:
        return shlex.split(typed)
    except ValueError:
        raise CommandError("a quote is not closed") from None
