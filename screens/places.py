"""Contexts and namespaces, to choose from, at the right of the pods."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

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
