"""The example on a real engine: dependencies first keep their installation in the cache, on the screen and plain."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import rig_docker
from tests.needs import ROOT
from tests.terminal import OPSTERM, Terminal, restored

pytestmark = [pytest.mark.journey, pytest.mark.rig]

FIRST = "Dockerfile.2-requirements-first"
MEASURED = r" +\d+\.\d\d s +\d+\.\d\d s +\d+\.\d\d s +\d+\.\d [MG]B"
INSTALL = r"RUN pip install -r requirements\.txt"


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """The example with its first two variants."""
    await rig_docker.engine("", "python:3.11")
    copy = tmp_path / "flask-app"
    shutil.copytree(ROOT / "examples" / "flask-app", copy, ignore=shutil.ignore_patterns("Dockerfile.[3-9]*"))
    return copy


async def test_on_the_screen(folder: Path) -> None:
    (before, _), files = await rig_docker.present(), rig_docker.state_of(folder)
    with Terminal("build", folder, columns=120, rows=40) as terminal:
        terminal.wait_for("● ready")
        terminal.wait_for("2 variants found, none measured")
        terminal.send("R")
        terminal.wait_for("◐ building 1 of 6")
        terminal.wait_for(re.compile(rf"^ *▌? *Dockerfile{MEASURED} +baseline", re.MULTILINE), 90)
        terminal.wait_for(re.compile(rf"{re.escape(FIRST)}{MEASURED} +\d+\.\d× faster"), 90)
        terminal.wait_for("2 variants, 2 measured")
        steps = terminal.wait_for(re.compile(rf"{INSTALL} +\d+\.\d\d s"))
        assert "Dockerfile, touched, " in steps
        assert re.search(r"WORKDIR /app +cached", steps)
        terminal.key("down")
        steps = terminal.wait_for(re.compile(rf"{INSTALL} +cached"))
        assert f"{FIRST}, touched, " in steps
        assert re.search(r"COPY \. \. +\d+\.\d\d s", steps)
        terminal.send("2")
        terminal.wait_for(re.compile(r"Successfully installed .*flask"))
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0
        assert restored(terminal.output)
    assert (await rig_docker.present())[0] <= before
    assert rig_docker.state_of(folder) == files


async def test_plain(folder: Path, tmp_path: Path) -> None:
    (before, _), written = await rig_docker.present(), tmp_path / "out.json"
    command = [OPSTERM, "build", folder, "--plain", "--json", written]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    head, baseline, first = done.stdout.splitlines()
    assert head.split() == ["VARIANT", "COLD", "WARM", "TOUCHED", "SIZE", "DIFFERENCE"]
    assert re.fullmatch(rf"Dockerfile{MEASURED} +baseline", baseline)
    assert re.match(rf"{re.escape(FIRST)}{MEASURED} +\d+\.\d× faster", first)
    phases = {one["name"]: one["phases"]["touched"] for one in json.loads(written.read_text())["variants"]}
    # WORKDIR alone stays; in the other also the list of dependencies and their installation.
    assert (phases["Dockerfile"]["cached_steps"], phases["Dockerfile"]["steps"]) == (1, 3)
    assert (phases[FIRST]["cached_steps"], phases[FIRST]["steps"]) == (3, 4)
    assert (await rig_docker.present())[0] <= before
