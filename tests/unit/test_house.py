"""The rules of the house: which way the arrows run, under which names, and what a key binding says of itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.imports import COMPUTED, Imported, imports
from tests.needs import ROOT

PACKAGES = ("services", "widgets", "screens", "tui")

FORBIDDEN = {
    "services": ("textual", "rich", "opsterm.widgets", "opsterm.screens", "opsterm.tui"),
    "widgets": ("opsterm.screens", "opsterm.tui"),
    "screens": ("opsterm.tui",),
    "tui": (),
}

RECORDS = tuple(f"opsterm.services.{name}" for name in ("lines", "text", "match", "sgr"))
"""All that widgets know of the services."""


def modules(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if not path.is_symlink())


def package_of(path: Path) -> str:
    return ".".join(("opsterm", *path.relative_to(ROOT).parent.parts))


def wrong_arrows(source: str, package: str) -> Iterator[Imported]:
    """The imports that a module of `package` may not have."""
    layer = package.split(".")[1]
    for found in imports(source, package):
        uphill = found.within(*FORBIDDEN[layer])
        curious = layer == "widgets" and found.within("opsterm.services") and not found.within(*RECORDS)
        hidden = found.name in ("opsterm", "opsterm.*") or (found.name == COMPUTED and layer != "tui")
        if uphill or curious or hidden or found.within(*PACKAGES):
            yield found


@pytest.mark.parametrize("folder", PACKAGES)
def test_arrows_run_one_way(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.name}"
        for path in modules(folder)
        for found in wrong_arrows(path.read_text(), package_of(path))
    ]
    assert modules(folder)
    assert not wrong


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("opsterm.services", "import textual"),
        ("opsterm.services", "import textual.app as a"),
        ("opsterm.services", "from textual import app"),
        ("opsterm.services", "def f():\n    from rich.text import Text"),
        ("opsterm.services.serial", "from ...widgets import bar"),
        ("opsterm.services.serial", "from ... import widgets"),
        ("opsterm.services", "from .. import tui"),
        ("opsterm.services", "from opsterm import screens"),
        ("opsterm.services", "from opsterm import lines, tui as t"),
        ("opsterm.services", "import opsterm"),
        ("opsterm.services", "import os, opsterm.tui.app"),
        ("opsterm.services", "if TYPE_CHECKING:\n    from opsterm.tui.app import App"),
        ("opsterm.services", "import importlib\nimportlib.import_module('opsterm.tui.app')"),
        ("opsterm.services", "from importlib import import_module as load\nload('textual.app')"),
        ("opsterm.services", "import_module(name='x')\nimport importlib as i\ni.import_module('..tui', __package__)"),
        ("opsterm.services", "__import__('opsterm.tui')"),
        ("opsterm.services", "__import__('op' + 'sterm.tui')"),
        ("opsterm.services", "import widgets"),
        ("opsterm.widgets", "from opsterm.services import service"),
        ("opsterm.widgets", "from opsterm.services.serial.ports import Port"),
        ("opsterm.widgets", "from opsterm.services import *"),
        ("opsterm.widgets", "import opsterm.services"),
        ("opsterm.widgets", "from ..screens.serial import SerialScreen"),
        ("opsterm.screens", "from opsterm import *"),
        ("opsterm.screens", "from ..tui.config import Config"),
        ("opsterm.tui", "from services.lines import Line"),
    ],
)
def test_an_arrow_that_points_back_is_seen_however_it_is_written(package: str, source: str) -> None:
    assert list(wrong_arrows(source, package))


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("opsterm.services.serial", "from ..lines import Line\nfrom opsterm.services.text import safe"),
        ("opsterm.services", "import richer\nimport textualize"),
        (
            "opsterm.widgets",
            "from opsterm.services.lines import Line\nfrom opsterm.services import text\nimport rich",
        ),
        ("opsterm.screens", "from opsterm.widgets.bar import Bar\nfrom opsterm.services.serial import ports"),
        ("opsterm.tui", "from opsterm.screens import tabs\nimport_module(f'opsterm.screens.{name}')"),
    ],
)
def test_an_arrow_that_points_down_is_free(package: str, source: str) -> None:
    assert not list(wrong_arrows(source, package))


@pytest.mark.parametrize("folder", ["tests", "bench", "examples"])
def test_nobody_imports_a_package_without_opsterm_in_front(folder: str) -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.name}"
        for path in modules(folder)
        for found in imports(path.read_text(), package_of(path))
        if found.within(*PACKAGES)
    ]
    assert not bare


def test_the_four_folders_are_the_package() -> None:
    links = ROOT / ".src" / "opsterm"
    assert {path.name for path in links.iterdir()} == set(PACKAGES)
    for name in PACKAGES:
        assert (links / name).readlink() == Path("..", "..", name)
        assert (ROOT / name / "py.typed").is_file()
        assert (ROOT / name / "__init__.py").is_file()


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for name in PACKAGES for path in modules(name)}
    assert not [str(folder) for folder in folders if not (folder / "__init__.py").exists()]


def silent_bindings(source: str) -> Iterator[int]:
    """The lines of bindings without an id (for the keymap) or a tooltip (for the help)."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="Binding") | ast.Attribute(attr="Binding")):
                words = {word.arg for word in node.keywords if getattr(word.value, "value", True)}
                if not {"id", "tooltip"} <= words:
                    yield node.lineno
            case (
                ast.Assign(targets=[ast.Name(id="BINDINGS")], value=value)
                | ast.AnnAssign(target=ast.Name(id="BINDINGS"), value=ast.expr() as value)
            ):
                yield from (inner.lineno for inner in getattr(value, "elts", []) if isinstance(inner, ast.Tuple))


@pytest.mark.parametrize("folder", ["widgets", "screens", "tui"])
def test_every_binding_has_an_id_and_a_tooltip(folder: str) -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{line}" for path in modules(folder) for line in silent_bindings(path.read_text())
    ]
    assert not silent


def test_a_binding_without_an_id_or_a_tooltip_is_seen() -> None:
    assert list(silent_bindings("Binding('q', 'quit', id='quit')")) == [1]
    assert list(silent_bindings("b.Binding('q', 'quit', id='', tooltip='Leave')")) == [1]
    assert list(silent_bindings("class A:\n    BINDINGS: X = [('q', 'quit')]")) == [2]
    assert not list(silent_bindings("BINDINGS = [Binding('q', 'quit', id='quit', tooltip='Leave')]"))


def swallowing_waits(source: str) -> Iterator[int]:
    """The lines that use `asyncio.wait_for`: on Python 3.11 it may swallow the cancellation of its caller."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="asyncio"), attr="wait_for"):
                yield node.lineno
            case ast.ImportFrom(module="asyncio", names=names) if any(each.name == "wait_for" for each in names):
                yield node.lineno


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_wait_with_a_limit_is_asyncio_timeout(folder: str) -> None:
    swallowing = [
        f"{path.relative_to(ROOT)}:{line}" for path in modules(folder) for line in swallowing_waits(path.read_text())
    ]
    assert not swallowing


def test_a_wait_that_swallows_is_seen() -> None:
    assert list(swallowing_waits("import asyncio\nawait asyncio.wait_for(x, 1)")) == [2]
    assert list(swallowing_waits("from asyncio import timeout, wait_for")) == [1]
    assert not list(swallowing_waits("async with asyncio.timeout(1):\n    await x\nterminal.wait_for('x')"))
