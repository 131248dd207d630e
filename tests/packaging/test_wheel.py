"""What a user gets: the wheel, built from what git has, installed into an empty environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.needs import ROOT, need

UV = Path(sys.executable).parent / "uv"
PACKAGES = ("services", "widgets", "screens", "tui")
SHIPPED = (".py", ".tcss", ".json", ".typed")


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def tracked() -> list[Path]:
    """The paths of all files that git has and the checkout still holds."""
    listed = run("git", "-c", "safe.directory=*", "ls-files", "-z", cwd=ROOT).split("\0")
    return [Path(name) for name in listed if name and (ROOT / name).exists()]


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout without anything that git does not know of."""
    need("git")
    folder = tmp_path_factory.mktemp("export")
    for path in tracked():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path, follow_symlinks=False)
    return folder


@pytest.fixture(scope="session")
def built(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that is built from that sdist."""
    folder = tmp_path_factory.mktemp("built")
    run(UV, "build", "--quiet", "--python", sys.executable, "--out-dir", folder, cwd=export)
    return folder


@pytest.fixture(scope="session")
def wheel(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from the checkout itself."""
    folder = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", folder, cwd=export)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment with the wheel and what it depends on, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    binaries = folder / "venv" / "bin"
    run(UV, "pip", "install", "--quiet", "--python", binaries / "python", wheel, cwd=folder)
    return binaries


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def test_the_wheel_has_every_module_that_git_has_and_nothing_else(wheel: Path) -> None:
    expected = {f"opsterm/{path}" for path in tracked() if path.parts[0] in PACKAGES and path.name.endswith(SHIPPED)}
    got = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert {f"opsterm/{name}/py.typed" for name in PACKAGES} <= expected
    assert got == expected


def test_the_wheel_is_the_same_when_it_is_built_from_the_sdist(wheel: Path, built: Path) -> None:
    assert contents(next(built.glob("*.whl"))) == contents(wheel)


def test_the_installed_program_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    version = run(installed / "python", "-c", "from opsterm.tui import __version__; print(__version__)", cwd=tmp_path)
    assert run(installed / "opsterm", "--version", cwd=tmp_path).split()[-1] == version.strip()


def test_every_installed_module_can_be_imported(installed: Path, wheel: Path, tmp_path: Path) -> None:
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in contents(wheel)
        if name.endswith(".py") and not name.endswith("/__main__.py")
    ]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    run(installed / "python", "-c", code, *modules, cwd=tmp_path)
