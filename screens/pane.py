"""What a tab can do with its line pane or table: filter, find, copy, save, and say how it follows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from opsterm.screens.frame import TabScreen
from opsterm.screens.tabs import WIDE, Tab
from opsterm.screens.zoom import ZoomPanel
from opsterm.services.match import BadPatternError, Match, parse, search
from opsterm.widgets.bar import Part, part
from opsterm.widgets.line_view import LineView
from opsterm.widgets.row_table import Row, RowTable
from opsterm.widgets.words import count, size

_FIND_NOTE = "n next   N previous   esc clear"
_LINES_AT_ONCE = 2_000  # written at a stretch: some milliseconds


FILTERS = 50  # remembered


class PaneScreen(TabScreen):
    """A tab with a `LineView`, a `RowTable` or both; `pane` and `rows` give the one that is shown now, or None."""

    FIELDS: ClassVar[frozenset[str]] = frozenset()
    """Names that a filter of the table may ask for, as `status:Running`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="pane.filter", tooltip="Show matching lines only, live"),
        Binding("backslash", "find", "Find", id="pane.find", tooltip="Mark matches, hide nothing"),
        Binding("c,ctrl+c", "copy", "Copy", show=False, id="pane.copy", tooltip="Selection, else row, else view"),
        Binding("ctrl+s", "save", "Save", show=False, id="pane.save", tooltip="Write what is shown to a file"),
        Binding("ctrl+t", "stamps", "Time", id="pane.stamps", tooltip="Stamps: full, time, difference, off"),
    ]

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._matches: dict[str, Match] = {}  # by what they filter
        self.sought: Match | None = None
        """What is being looked for."""

    @property
    def pane(self) -> LineView | None:
        """The line pane that is shown now."""
        raise NotImplementedError

    @property
    def rows(self) -> RowTable | None:
        """The table that is shown now, where no line pane is."""
        return None

    @property
    def match(self) -> Match | None:
        """The filter in force of what is shown."""
        return self._matches.get(self.filtered)

    @property
    def filtered(self) -> str:
        """What a filter is of: each of these has its own."""
        return "rows" if self.pane is None else "lines"

    def fields_of(self, row: Row) -> Mapping[str, str]:
        """The fields of a row, by the names in FIELDS."""
        raise NotImplementedError

    # Status line

    def tail(self) -> Sequence[Part]:
        """Whether the pane follows, and how much waits."""
        pane = self.pane
        if pane is None:
            return ()
        if pane.follow:
            return (part("FOLLOW", "$foreground-muted", keep=8),)
        more = f"PAUSED +{pane.new_lines:,}"
        return (Part(((more, "bold $warning"), (" · End to follow", "$foreground-muted")), id="follow", keep=9),)

    def filter_chip(self) -> Sequence[Part]:
        """The filter in force, with its count."""
        if not self.match:
            return ()
        return (part(f"filter: {self.match.source} {self._counted()}", "$accent", id="filter", keep=9),)

    @on(LineView.Changed)
    def _pane_changed(self) -> None:
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """The rows, and the count beside a filter that is being typed; what is wrong with it stays."""
        super().refresh_rows()
        if self.prompt.kind == "filter" and not self.prompt.has_class("-bad"):
            self.prompt.note(self._filter_note())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what is there can be filtered, searched, copied, saved or stamped."""
        if action in ("find", "stamps", "save") and self.pane is None:
            return False
        if action in ("filter", "copy") and self.pane is None and self.rows is None:
            return False
        return super().check_action(action, parameters)

    # Filter and find

    def action_filter(self) -> None:
        """Ask for a filter, applied as it is typed; ↑ gives those of before, of any tab and of other days."""
        kept = self.host.memory.get("filters", [])
        self.prompt.histories["filter"] = [str(each) for each in kept] if isinstance(kept, list) else []
        self.prompt.ask(
            "filter",
            "/",
            value=self.match.source if self.match else "",
            typed=self._apply,
            done=self._keep,
            given_up=lambda: self._apply(""),
            note=self._filter_note(),
        )

    def _keep(self, text: str) -> bool:
        if not self._apply(text):
            return False
        if text:
            kept = [each for each in self.prompt.histories["filter"] if each != text]
            self.host.memory["filters"] = [*kept, text][-FILTERS:]
        return True

    def _apply(self, text: str) -> bool:
        pane, rows = self.pane, self.rows
        try:
            match = parse(text, self.FIELDS if pane is None else frozenset())
        except BadPatternError as error:
            still = f" · still showing: {self.match.source}" if self.match else ""
            self.prompt.note(f"✖ {error}{still}", bad=True)
            return False
        self._matches[self.filtered] = match
        if pane is not None:
            pane.filter(match or None)
        elif rows is not None:
            rows.filter((lambda row: match.test(row.search, self.fields_of(row))) if match else None)
        self.prompt.note(self._filter_note())
        self.refresh_rows()
        return True

    def _counted(self) -> str:
        if self.pane is not None:
            return f"{self.pane.matched:,}/{self.pane.total:,}"
        return f"{self.rows.shown:,}/{self.rows.total:,}" if self.rows is not None else ""

    def _filter_note(self) -> str:
        return f"{self._counted()}   enter keep   esc clear"

    def action_find(self) -> None:
        """Ask for a text to mark; enter goes to the newest match."""
        self.prompt.ask(
            "find",
            "\\",
            typed=self._mark,
            done=self._found,
            given_up=lambda: self._mark(""),
            note=_FIND_NOTE,
        )

    def _mark(self, text: str) -> bool:
        pane = self.pane
        if pane is None:
            return True
        try:
            match: Match | None = search(text) or None
        except BadPatternError as error:
            self.prompt.note(f"✖ {error}", bad=True)
            return False
        self.prompt.note(_FIND_NOTE)
        self.sought = match
        pane.find(match)
        return True

    def _found(self, text: str) -> bool:
        if not self._mark(text):
            return False
        if self.pane is not None and text:
            self.pane.action_match(-1)
        return True

    def escape(self) -> bool:
        """End the find, then the filter."""
        pane = self.pane
        if pane is not None and self.sought:
            self.sought = None
            pane.find(None)
            return True
        if self.match:
            self._apply("")
            return True
        return super().escape()

    @on(LineView.Zoomed)
    def _zoomed(self, event: LineView.Zoomed) -> None:
        event.stop()
        self.open_aside(ZoomPanel(event.line))

    # Taking away

    def action_copy(self) -> None:
        """Copy the selection of the pane, else its cursor row, else all that is shown; marks, else row of a table."""
        if self.pane is not None:
            self.pane.copy()
        elif self.rows is not None:
            self._put(self.rows.copy_text())

    @on(LineView.Copied)
    def _copied(self, event: LineView.Copied) -> None:
        self._put(event.text)

    def _put(self, text: str) -> None:
        if not text:
            self.host.toast("Nothing to copy.")
            return
        self.app.copy_to_clipboard(text)  # OSC 52: the terminal may refuse it, and does not say so
        self.host.toast(f"Copied {count(text.count(chr(10)) + 1, 'line')}, {size(len(text.encode()))}.")

    def action_save(self) -> None:
        """Ask where to write what is shown."""
        if self.pane is not None:
            self.prompt.ask(
                "save", "Save to ›", value=self.save_name(), done=self._save_to, note="enter save   esc back"
            )

    def save_name(self) -> str:
        """The file name proposed."""
        return f"{self.tab.name}.log"

    def _save_to(self, name: str) -> bool:
        pane = self.pane
        if pane is None or not name.strip():
            return True
        path = Path(os.path.expandvars(name.strip())).expanduser()
        try:
            path.open("x").close()
        except FileExistsError:
            self.prompt.note(f"✖ {path} exists: choose another name", bad=True)
            return False
        except OSError as error:
            self.prompt.note(f"✖ {path}: {error.strerror}", bad=True)
            return False
        self.run_worker(self._write(path, pane.saved_lines()), group="save", exit_on_error=False)
        return True

    async def _write(self, path: Path, lines: Iterator[str]) -> None:
        """Write a little at a time, so that keys are answered meanwhile, and each piece in a thread."""
        written = number = 0
        try:
            with path.open("ab") as file:
                while some := list(islice(lines, _LINES_AT_ONCE)):
                    data = "".join(f"{line}\n" for line in some).encode()
                    await asyncio.to_thread(file.write, data)
                    written, number = written + len(data), number + len(some)
        except OSError as error:
            self.host.toast(f"Not saved whole: {path}: {error.strerror}, after {count(number, 'line')}.", bad=True)
            return
        self.host.toast(f"Saved {count(number, 'line')} to {path} ({size(written)}).")

    def action_stamps(self) -> None:
        """Next form of the stamps, also while typing."""
        if self.pane is not None:
            self.pane.cycle_stamps()

    def losses(self) -> Sequence[Part]:
        """Lines, and what was lost of them; a zero is muted, and left out where room is short."""
        pane = self.pane
        if pane is None:
            return ()
        parts = [part(count(pane.total, "line"), keep=6)]
        parts += self.loss("evicted", pane.ring.evicted)
        return parts

    def loss(self, word: str, number: int) -> Sequence[Part]:
        """A counter of something lost."""
        if number:
            return (part(f"▲ {word} {number:,}", "$warning", keep=8),)
        if self.size.width < WIDE:
            return ()
        return (part(f"{word} 0", "$foreground-muted", keep=1),)
