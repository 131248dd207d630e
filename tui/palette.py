"""The palette: every action that could be run now, by its name, with its key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from opsterm.widgets.key_bar import key_name


class Actions(Provider):
    """The bindings of the screen below the palette, and the themes."""

    def _all(self) -> Iterator[tuple[str, str, object]]:
        seen = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not active.enabled or binding.system or not binding.id or binding.id in seen:
                continue
            seen.add(binding.id)
            name = binding.tooltip or binding.description
            title = f"{binding.description}: {name}" if binding.tooltip else name
            run = partial(self._run, binding.action, active.node)
            yield title, key_name(binding.key), run
        for title, key, act in getattr(self.screen, "palette", tuple)():
            yield title, key_name(key) if key else "", act
        for theme in sorted(self.app.available_themes):
            yield f"Theme: {theme}", "", partial(setattr, self.app, "theme", theme)

    async def _run(self, action: str, node: object) -> None:
        await self.app.run_action(action, default_namespace=node)  # type: ignore[arg-type]  # a DOMNode

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for title, key, run in self._all():
            yield DiscoveryHit(_row(Content(title), key), run, text=title)  # type: ignore[arg-type]

    async def search(self, query: str) -> Hits:
        """What fits the text typed."""
        matcher = self.matcher(query)
        for title, key, run in self._all():
            if (score := matcher.match(title)) > 0:
                yield Hit(score, _row(matcher.highlight(title), key), run, text=title)  # type: ignore[arg-type]


def _row(title: Content, key: str) -> Content:
    return Content.assemble(title, "   ", (key, "bold $footer-key-foreground")) if key else title
