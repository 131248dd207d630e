"""Contexts and namespaces: a panel to choose from, and the tab that uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from opsterm.screens.commands import Command, CommandError
from opsterm.screens.pane import PaneScreen
from opsterm.services.kube.service import PodService
from opsterm.widgets.row_table import Cell, Column, Row, RowTable

_CONTEXT, _NAMESPACE, _ALL = "context", "namespace", "all"


class PlacesPanel(Vertical):
    """Enter switches to the context or namespace under the cursor."""

    DEFAULT_CSS = """
    PlacesPanel { width: 54; height: 1fr; background: $panel; }
    .-narrow PlacesPanel, .-tiny PlacesPanel { width: 1fr; }
    PlacesPanel > RowTable { background: $panel; height: 1fr; }
    """

    class Chosen(Message):
        """A context, or a namespace (None: all of them)."""

        def __init__(self, context: str | None, namespace: str | None) -> None:
            super().__init__()
            self.context = context
            self.space = namespace

    def __init__(self, service: PodService) -> None:
        super().__init__()
        self._service = service
        self.table = RowTable([Column("kind", "KIND"), Column("name", "NAME", flexible=True), Column("state", "")])

    def compose(self) -> ComposeResult:
        """A heading and the list."""
        yield Static(Content.styled(" Context and namespace   enter switches   esc closes", "$foreground-muted"))
        yield self.table

    def on_mount(self) -> None:
        """Show what can be chosen, and go on as more is known."""
        self.fill()
        self.set_interval(0.5, self.fill)
        self.table.move_to(f"{_NAMESPACE}/{self._service.namespace or _ALL}")
        self.table.focus()

    def fill(self) -> None:
        """The rows as things are now."""
        service = self._service
        rows = []
        for name, context in service.contexts.items():
            here = Cell("● in use", "success") if name == service.context else Cell("")
            state = Cell(f"✖ {context.error}", "error") if context.error else here
            rows.append(Row(f"{_CONTEXT}/{name}", (Cell(_CONTEXT, "muted"), name, state)))
        for space in [_ALL, *service.namespaces]:
            chosen = (service.namespace or _ALL) == space
            state = Cell("● in use", "success") if chosen else Cell("")
            rows.append(Row(f"{_NAMESPACE}/{space}", (Cell(_NAMESPACE, "muted"), space, state)))
        self.table.set_rows(rows)

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        event.stop()
        kind, _, name = event.key.partition("/")
        if kind == _CONTEXT:
            self.post_message(self.Chosen(name, None))
        else:
            self.post_message(self.Chosen(None, None if name == _ALL else name))


class PlaceScreen(PaneScreen):
    """A tab on a cluster: the context and namespace in use, and every way to others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "places", "Context", id="pods.places", tooltip="Choose a context and a namespace"),
        *(
            Binding(
                str(digit),
                f"namespace({digit})",
                f"Namespace {digit}",
                show=False,
                id=f"pods.namespace{digit}",
                tooltip=f"Namespace {digit} of row 2" if digit else "All namespaces",
            )
            for digit in range(10)
        ),
    ]

    @property
    def service(self) -> PodService:
        """The service behind this tab."""
        return cast(PodService, self.tab.service)

    def commands(self) -> Sequence[Command]:
        """Contexts and namespaces, by command."""
        return (
            *super().commands(),
            Command(
                "ctx", "switch the context", self._to_context, lambda: sorted(self.service.contexts), ("context",)
            ),
            Command("ns", "switch the namespace; all for every one", self._to_namespace, self._spaces_to_choose),
        )

    def action_places(self) -> None:
        """Choose a context or namespace at the right."""
        self.open_aside(PlacesPanel(self.service))

    @on(PlacesPanel.Chosen)
    def _place_chosen(self, event: PlacesPanel.Chosen) -> None:
        event.stop()
        self.close_aside()
        self.restore_focus()
        if event.context is not None:
            self._switch(context=event.context)
        else:
            self._switch(namespace=event.space)

    def _switch(self, **place: str | None) -> None:
        self.run_worker(self.service.use(**place), group="use", exclusive=True, exit_on_error=False)

    def _to_context(self, name: str) -> None:
        if name not in self.service.contexts:
            raise CommandError(f'no context "{name}"')
        self._switch(context=name)

    def _to_namespace(self, name: str) -> None:
        if not name:
            raise CommandError("ns NAME, or ns all")
        # A name that is not listed may still be allowed: some users may not list namespaces.
        self._switch(namespace=None if name == "all" else name)

    def _spaces_to_choose(self) -> Sequence[str]:
        return ["all", *self.service.namespaces]

    def _digits(self) -> Mapping[int, str]:
        return dict(zip(range(10), self._spaces_to_choose(), strict=False))

    def action_namespace(self, digit: int) -> None:
        """Switch to the namespace of this digit in row 2."""
        if name := self._digits().get(digit):
            self._switch(namespace=None if name == "all" else name)
