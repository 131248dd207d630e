"""The Builds tab: the Dockerfiles of a folder, side by side, measured."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from opsterm.screens.build_rows import IDLE, columns_for, error_of, row_of
from opsterm.screens.build_steps import StepsView, steps_of
from opsterm.screens.commands import Command
from opsterm.screens.pane import PaneScreen
from opsterm.screens.tabs import WIDE, Tab
from opsterm.services.docker.errors import DockerError
from opsterm.services.docker.results import PHASES
from opsterm.services.docker.service import BuildService
from opsterm.services.docker.variants import Variant
from opsterm.services.lines import Line
from opsterm.services.service import State
from opsterm.services.telemetry.reports import reports
from opsterm.widgets.bar import Part, part
from opsterm.widgets.line_view import LineView
from opsterm.widgets.line_view.stamps import Stamps
from opsterm.widgets.row_table import RowTable
from opsterm.widgets.words import clock, count

_ROOM = 48  # columns of a folder in row 2


def by_step(line: Line) -> Sequence[tuple[str, str]]:
    """The prefix of a log line: variant and step."""
    return ((f"{line.source}  ", "muted"),)


def _short(folder: Path | None, wide: bool) -> str:
    """The folder as far as there is room: from the home folder on, its end, or its name alone."""
    if folder is None:
        return "no folder"
    if not wide:
        return folder.name or str(folder)
    if folder.is_relative_to(Path.home()):
        return str("~" / folder.relative_to(Path.home()))
    return str(folder) if len(str(folder)) <= _ROOM else f"…/{folder.parent.name}/{folder.name}"


class BuildsScreen(PaneScreen):
    """The variants above; steps and log of the build below, always on a wide screen and by enter on a narrow one."""

    WORDS: ClassVar[Mapping[State, str]] = {
        State.OFF: "off",
        State.STARTING: "connecting",
        State.LIVE: "ready",
        State.DEGRADED: "degraded",
        State.LOST: "lost",
        State.FAILED: "failed",
    }
    DEFAULT_CSS = """
    BuildsScreen #builds { height: 1fr; width: 1fr; }
    BuildsScreen RowTable { height: 1fr; min-height: 4; }
    BuildsScreen #detail { height: 2fr; border-top: solid $panel-lighten-1; }
    BuildsScreen #detail > * { height: 1fr; }
    BuildsScreen.-narrow #detail, BuildsScreen.-tiny #detail { display: none; }
    BuildsScreen.-opened #detail { display: block; height: 1fr; }
    BuildsScreen.-narrow.-opened RowTable, BuildsScreen.-tiny.-opened RowTable { display: none; }
    BuildsScreen.-log StepsView { display: none; }
    BuildsScreen LineView { display: none; }
    BuildsScreen.-log LineView { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel", "Cancel", id="builds.cancel", tooltip="End the comparison; what is measured stays"),
        Binding("r,ctrl+r", "run_row", "Run", id="builds.run", tooltip="Build and measure the row, or the marks"),
        Binding("R", "run_all", "Run all", id="builds.run_all", tooltip="Build and measure all that lacks results"),
        Binding("1", "detail('steps')", "Steps", id="builds.steps", tooltip="Steps of the build, with their times"),
        Binding("2", "detail('log')", "Log", id="builds.log", tooltip="What the build prints"),
        Binding("ctrl+o", "folder", "Folder", id="builds.folder", tooltip="Compare another folder"),
    ]

    def __init__(self, tab: Tab, folder: Path | None) -> None:
        super().__init__(tab)
        self._folder = folder
        self._began = 0.0  # of the comparison that runs, in seconds of time.monotonic(); 0 while none does
        self.table = RowTable(IDLE)
        self.steps = StepsView()
        self.log_view = LineView(prefix=by_step, id="log")
        self.log_view.stamps, self.log_view.decimals = Stamps.TIME, 3

    @property
    def service(self) -> BuildService:
        """The service behind this tab."""
        return cast(BuildService, self.tab.service)

    @property
    def pane(self) -> LineView | None:
        """The log, while it is shown."""
        return self.log_view if self.has_class("-log") and self.log_view.display else None

    # The frame

    def compose_main(self) -> ComposeResult:
        """Table above, detail below."""
        with Vertical(id="builds", classes="main--body"):
            yield self.table
            with Vertical(id="detail"):
                yield self.steps
                yield self.log_view

    def on_mount(self) -> None:
        """Look at the folder and for the engine."""
        self.log_view.show(self.service.log)
        self.log_view.placeholder = Content("What a build prints appears here.")
        self.table.focus()
        self.run_worker(self.service.start(), group="start", exit_on_error=False)
        if self._folder:
            self.open(self._folder)

    def open(self, folder: Path) -> None:
        """Show another folder."""
        self.run_worker(self._open(folder), group="open", exclusive=True, exit_on_error=False)

    async def _open(self, folder: Path) -> None:
        with suppress(DockerError):  # kept by the service, and shown in the place of the rows
            await self.service.open(folder)
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """The table and the steps change with the rows."""
        if self.is_current:
            service = self.service
            self.table.set_rows([row_of(each, service) for each in service.variants])
            if self.table.columns != (columns := columns_for(service)):
                self.table.set_columns(columns)  # after the rows, whose cells the widths come from
            self.table.placeholder = Content(self._nothing())
            self.steps.show(steps_of(self.current(), service))
            progress = service.progress
            self.tab.figure = f"{progress.done}/{progress.total}" if progress else ""
            if service.running != bool(self._began):
                self._began = time.monotonic() if service.running else 0.0
                self.refresh_bindings()
                self._tell_failure()
        super().refresh_rows()

    def _nothing(self) -> str:
        """What stands in the place of rows."""
        service = self.service
        if service.folder is None:
            return "No folder yet. ctrl+o chooses one."
        return f"✖ {service.fault} ctrl+o chooses another folder." if service.fault else "Looking for Dockerfiles …"

    def _tell_failure(self) -> None:
        service = self.service
        if not service.running and service.failure:
            self.host.toast(str(service.failure), bad=True)
        if not service.running and service.unclean:
            self.host.toast(f"Not all that was made could be removed: {service.unclean}", bad=True)

    def current(self) -> Variant | None:
        """The variant under the cursor."""
        return next((each for each in self.service.variants if each.name == self.table.cursor_key), None)

    @on(RowTable.Highlighted)
    def _moved(self) -> None:
        self.refresh_rows()

    def where(self) -> Sequence[Part]:
        """Folder and engine."""
        service = self.service
        builder, _, engine = (service.engine or "no engine").partition(", ")
        return (
            part(_short(service.folder, self.size.width >= WIDE), "bold", keep=9),
            part(builder, "$foreground-muted", keep=7),
            *([part(engine, "$foreground-muted", keep=1)] if engine else []),
        )

    def chips(self) -> Sequence[Part]:
        """What is shown below, and what runs."""
        log = self.has_class("-log")
        chosen, other = "bold underline $primary", "$foreground-muted"
        return (
            part("1 Steps", other if log else chosen, id="steps", keep=6),
            part("2 Log", chosen if log else other, id="log", keep=6),
            *self.filter_chip(),
        )

    def figures(self) -> Sequence[Part]:
        """How far the comparison is, or what can be done."""
        service = self.service
        progress = service.progress
        if progress:
            phase = f"{progress.variant} {progress.phase or ''}".rstrip()
            return (
                part(f"◐ building {progress.done + 1} of {progress.total}", keep=9),
                part(clock(time.monotonic() - self._began), "$foreground-muted", keep=7),
                part(phase, keep=6),
                part(progress.step, "$foreground-muted", keep=2),
                part("x cancel (what is measured stays)", "$foreground-muted", keep=5),
            )
        variant = self.current()
        if variant and (error := error_of(variant, service)):
            said = str(error) if str(error).startswith(variant.name) else f"{variant.name}: {error}"
            return (part(f"✖ {said}", "$error", keep=9),)
        note = [part(f"▲ {service.status.reason}", "$warning", keep=2)] if service.status.reason else []
        return (part(self._summary(), keep=9), *(note if service.status.state is State.LIVE else []))

    def _summary(self) -> str:
        """How many variants there are, and what can be done with them."""
        service = self.service
        found = count(len(service.variants), "variant")
        measured = sum(len(each.measures) == len(PHASES) for each in service.results.values())
        if measured or not service.variants:
            return f"{found}, {measured} measured"
        builds = len(service.variants) * len(PHASES) * service.reps
        return f"{found} found, none measured. r builds this one, R all ({count(builds, 'build')})"

    @property
    def busy(self) -> str:
        """The comparison that quitting would end."""
        progress = self.service.progress
        return f"A comparison runs: {progress.done} of {progress.total} builds are done." if progress else ""

    def commands(self) -> Sequence[Command]:
        """Folders, by command."""
        return (
            *super().commands(),
            Command("folder", "compare another folder", self._use_folder),
            Command("run", "build and measure all", lambda _: self.action_run_all()),
            Command("cancel", "end the comparison", lambda _: self.action_cancel()),
        )

    def escape(self) -> bool:
        """Out of the detail on a narrow screen, then filter and find."""
        if super().escape():
            return True
        if self.has_class("-opened"):
            self.remove_class("-opened")
            self.table.focus()
            return True
        return False

    def restore_focus(self) -> None:
        """Back to what is shown."""
        (self.pane or self.table).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what runs can be cancelled; one comparison at a time."""
        running = self.service.running
        if (action == "cancel" and not running) or (action in ("run_row", "run_all") and running):
            return False
        return super().check_action(action, parameters)

    # Actions

    def action_run_row(self) -> None:
        """Measure the marked variants, else the one under the cursor."""
        if self.service.status.state is not State.LIVE:
            self.service.retry()
            return
        names = self.table.marks or ({self.table.cursor_key} if self.table.cursor_key else set())
        self._run(names)

    def action_run_all(self) -> None:
        """Measure what lacks results; everything, where nothing does."""
        service = self.service
        known = {each.name for each in service.results.values() if each.error or len(each.measures) == len(PHASES)}
        missing = {each.name for each in service.variants} - known
        self._run(missing or {each.name for each in service.variants})

    def _run(self, names: set[str]) -> None:
        try:
            self.service.run(names)
            reports.follow("build", self._phase, self.service.listen)
        except DockerError as error:
            self.host.toast(str(error), bad=True)
        except RuntimeError:
            self.host.toast("A comparison runs. x cancels it.")
        self.refresh_rows()

    def _phase(self) -> str:
        progress = self.service.progress
        return (progress.phase or "prepare") if progress else ""

    def action_cancel(self) -> None:
        """End the comparison."""
        if self.service.running:
            self.run_worker(self.service.cancel(), group="cancel", exit_on_error=False)

    def action_detail(self, which: str) -> None:
        """Steps or log below."""
        self.set_class(which == "log", "-log")
        self.add_class("-opened")
        if which == "log":
            self.log_view.focus()
        else:
            self.table.focus()
        self.refresh_rows()

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        event.stop()
        self.action_detail("log" if self.has_class("-log") else "steps")

    def action_folder(self) -> None:
        """Ask for another folder."""
        self.prompt.ask(
            "folder", "Folder ›", value=str(self.service.folder or ""), done=self._use_folder, note="enter opens"
        )

    def _use_folder(self, name: str) -> bool:
        folder = Path(name.strip()).expanduser()
        if not folder.is_dir():
            self.prompt.note(f"✖ no such folder: {folder}", bad=True)
            return False
        self.open(folder.resolve())
        return True
