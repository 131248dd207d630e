"""Every module that a file asks for, whichever way it is written, read from its source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPUTED = "<computed>"
"""Stands for the name in an import whose module is worked out while the program runs."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A dotted absolute name (`from a import b` is `a.b`) and the line that asks for it."""

    name: str
    line: int

    def within(self, *packages: str) -> bool:
        """Whether this is one of `packages`, or something inside one."""
        return any(self.name == package or self.name.startswith(package + ".") for package in packages)


def imports(source: str, package: str) -> Iterator[Imported]:
    """What a module of `package` with this `source` imports: at its top, in functions, for types only, or through
    `importlib.import_module` and `__import__`.
    """
    tree = ast.parse(source)
    loaders = {"__import__", *_names_of_import_module(tree)}
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (Imported(alias.name, node.lineno) for alias in node.names)
            case ast.ImportFrom():
                base = _absolute("." * node.level + (node.module or ""), package)
                yield from (Imported(f"{base}.{alias.name}", node.lineno) for alias in node.names)
            case ast.Call(func=ast.Name(id=called)) if called in loaders:
                yield Imported(_literal(node, package), node.lineno)
            case ast.Call(func=ast.Attribute(attr="import_module" | "__import__")):
                yield Imported(_literal(node, package), node.lineno)


def _names_of_import_module(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "importlib":
            yield from (alias.asname or alias.name for alias in node.names if alias.name == "import_module")


def _absolute(name: str, package: str) -> str:
    inner = name.lstrip(".")
    up = len(name) - len(inner)
    if not up:
        return inner
    above = package.split(".")
    return ".".join([*above[: len(above) - up + 1], *([inner] if inner else [])])


def _literal(call: ast.Call, package: str) -> str:
    given = [*call.args, *(word.value for word in call.keywords if word.arg == "name")]
    if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
        return _absolute(given[0].value, package)
    return COMPUTED
