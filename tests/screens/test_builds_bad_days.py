"""What the Builds tab says when something is wrong, and how it goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opsterm.services.docker.errors import EngineLostError, NoEngineError, NotAllowedError
from tests.rig_docker import project
from tests.screens.builds_app import BASELINE, Builds, Engine, builds
from tests.screens.frame_app import shown
from tests.waiting import until

SYNTAX = "FROM base:1\nRUNN install\n"
FAILS = "FROM base:1\nCOPY . .\nRUN fail\n"
MISSING = "FROM base:none\nCOPY . .\nRUN missing\n"


@pytest.fixture
def engine() -> Engine:
    return Engine()


async def other_tab_is_fine(tab: Builds) -> None:
    """The other tab opens and says nothing of the trouble."""
    await tab.press("f2")
    await until(lambda: not any("✖" in row or "↻" in row for row in shown(tab.app)[1:]), "nothing of it there")
    await tab.press("f1")


async def test_no_engine_and_then_there_is_one(tmp_path: Path, engine: Engine) -> None:
    engine.absent = NoEngineError("unix:///none.sock")
    folder = project(tmp_path / "p", a=BASELINE)
    async with builds(tmp_path / "state", folder, engine.connect) as tab:
        await tab.shows("↻ No Docker engine at unix:///none.sock.", "sudo systemctl start docker", "next try in")
        await tab.shows(r"Dockerfile\.a +4 +base:1")
        await tab.press("R")
        await tab.shows("No Docker engine at unix:///none.sock. Start it")
        await other_tab_is_fine(tab)
        engine.absent = None
        await tab.press("r")
        await tab.shows("● ready")
        await tab.press("R")
        await tab.shows("1 variant, 1 measured")


async def test_no_permission_stays_until_another_try(tmp_path: Path, engine: Engine) -> None:
    socket = tmp_path / "docker.sock"
    socket.touch()
    os.chmod(socket, 0o600)
    engine.absent = NotAllowedError(str(socket))
    async with builds(tmp_path / "state", project(tmp_path / "p", a=BASELINE), engine.connect, (200, 30)) as tab:
        await tab.shows("✖ Permission denied: ", "sudo usermod -aG docker", "✖ failed")
        assert not tab.finds("next try in")
        engine.absent = None
        await tab.press("r")
        await tab.shows("● ready")


async def test_each_failure_in_its_row_and_the_others_go_on(tmp_path: Path, engine: Engine) -> None:
    folder = project(tmp_path / "p", a=BASELINE, b=SYNTAX, c=FAILS, d=MISSING)
    async with builds(tmp_path / "state", folder, engine.connect, size=(200, 40)) as tab:
        await tab.shows(r"Dockerfile\.b .*✖ line 2: unknown instruction RUNN")
        await tab.press("R")
        await tab.shows("4 variants, 1 measured")
        await tab.shows(r"Dockerfile\.a +4\.00 s +5\.00 s", r"Dockerfile\.b .*✖ failed +line 2: unknown instruction")
        await tab.shows(r"Dockerfile\.c .*✖ failed +Dockerfile\.c failed at line 3: RUN fail exited 9\.")
        await tab.shows(r"Dockerfile\.d .*✖ failed +Base image base:none is not local")
        await tab.press("G")
        await tab.shows(r"✖ Dockerfile\.d: Base image .* Local and similar: base:2\.")


@pytest.mark.parametrize("size", [(80, 24), (40, 20)])
async def test_a_failure_can_be_read_where_there_is_no_room_for_it(
    tmp_path: Path, engine: Engine, size: tuple[int, int]
) -> None:
    async with builds(tmp_path / "state", project(tmp_path / "p", c=FAILS), engine.connect, size) as tab:
        await tab.shows(r"Dockerfile\.c")
        await tab.press("r")
        await tab.shows("✖")
        await tab.press("enter")
        await tab.shows("failed at line 3")


async def test_an_engine_lost_in_the_middle(tmp_path: Path, engine: Engine) -> None:
    async with builds(tmp_path / "state", project(tmp_path / "p", a=BASELINE), engine.connect) as tab:
        await tab.shows("● ready", r"Dockerfile\.a")
        engine.lost = engine.absent = EngineLostError("unix:///x.sock", "connection closed")
        await tab.press("R")
        await tab.shows("↻ The Docker engine at unix:///x.sock was lost: connection closed")
        engine.lost = engine.absent = None
        await tab.press("r")
        await tab.shows("● ready")


async def test_a_folder_without_dockerfiles_and_none_at_all(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "p").mkdir()
    async with builds(tmp_path / "state", tmp_path / "p", engine.connect, (200, 30)) as tab:
        await tab.shows(r"✖ No Dockerfile in .*/p\. .*ctrl\+o chooses another folder\.")
    async with builds(tmp_path / "state", None, engine.connect) as tab:
        await tab.shows(r"No folder yet\. ctrl\+o chooses one\.")
