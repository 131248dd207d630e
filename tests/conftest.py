"""What holds for every test: an environment of its own, the journeys first, and the packages under one name only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cable import Cable

_FOREIGN = ("SENTRY_", "OPSTERM_", "TEXTUAL")
_ALSO_FOREIGN = ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "NO_COLOR", "COLUMNS", "LINES", "TMUX", "TERM_PROGRAM")
_ENGINES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
_OURS = ("OPSTERM_RIG", "OPSTERM_REQUIRE")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys run first, those that need no rig before all; the rest keeps its order."""

    def turn(item: pytest.Item) -> int:
        if not item.get_closest_marker("journey"):
            return 2
        return 1 if item.get_closest_marker("rig") else 0

    items.sort(key=turn)


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user who runs the tests reaches them: no configuration, cluster, engine or terminal."""
    for name in list(os.environ):
        if name not in _OURS and (name.startswith(_FOREIGN) or name in (*_ALSO_FOREIGN, *_ENGINES)):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OPSTERM_CONFIG_DIR", str(tmp_path / "opsterm-config"))
    monkeypatch.setenv("OPSTERM_STATE_DIR", str(tmp_path / "opsterm-state"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))


@pytest.fixture(scope="session", autouse=True)
def one_name_for_each_package() -> Iterator[None]:
    """Folder X is opsterm.X and nothing else: under two names a module would live twice."""
    yield
    bare = {"tui", "screens", "widgets", "services"} & sys.modules.keys()
    assert not bare, f"imported without opsterm in front: {sorted(bare)}"


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    """Two ptys joined, as a real serial line is; it can be pulled and plugged in again."""
    with Cable(tmp_path) as cable:
        yield cable
