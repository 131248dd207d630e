"""`opsterm build --plain` as a program: its output, its files, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import rig_docker
from tests.rig_docker import BASE, BASELINE, DEPENDENCIES_FIRST
from tests.waiting import until_now

OPSTERM = [sys.executable, "-m", "opsterm.tui.cli", "build", "--plain"]


def opsterm(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*OPSTERM, *map(str, arguments)]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.rig
async def test_the_table_is_printed_and_the_json_written(tmp_path: Path) -> None:
    await rig_docker.engine()
    folder = rig_docker.project(tmp_path / "p", a=BASELINE, b=DEPENDENCIES_FIRST)
    (tmp_path / "tmp").mkdir()
    done = opsterm(folder, "--json", tmp_path / "out.json", TMPDIR=str(tmp_path / "tmp"))
    assert done.returncode == 0, done.stderr
    head, first, second = done.stdout.splitlines()
    assert head.split() == ["VARIANT", "COLD", "WARM", "TOUCHED", "SIZE", "DIFFERENCE"]
    assert first.startswith("Dockerfile.a ")
    assert first.endswith("  baseline")
    assert second.startswith("Dockerfile.b ")
    written = json.loads((tmp_path / "out.json").read_text())["variants"]
    assert [one["phases"]["touched"]["cached_steps"] for one in written] == [1, 3]
    assert [one["phases"]["warm"]["cached_steps"] for one in written] == [3, 4]
    assert "✓ Dockerfile.b touched" in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.rig
async def test_a_failed_build_is_status_3_and_one_line(tmp_path: Path) -> None:
    await rig_docker.engine()
    folder = rig_docker.project(tmp_path / "p", a=BASELINE, b=f"FROM {BASE}\nRUN exit 9\n")
    done = opsterm(folder)
    assert done.returncode == 3
    assert "✖ Dockerfile.b: Dockerfile.b failed at line 2: RUN exit 9 exited 9.\n" in done.stderr
    assert done.stdout.splitlines()[2].split() == ["Dockerfile.b", "–", "–", "–", "–", "✖", "failed"]


@pytest.mark.rig
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_keeps_what_is_measured_and_leaves_nothing(tmp_path: Path, sign: signal.Signals) -> None:
    await rig_docker.engine()
    folder = rig_docker.project(tmp_path / "p", a=BASELINE, b=f"FROM {BASE}\nRUN sleep 600\n")
    before = await rig_docker.present()
    (tmp_path / "tmp").mkdir()
    said = tmp_path / "said"
    with said.open("wb") as stderr:
        command = [*OPSTERM, str(folder), "--json", str(tmp_path / "out.json")]
        environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, env=environment, text=True) as process:
            until_now(lambda: "Dockerfile.b cold" in said.read_text(), "the second variant is built", 60)
            process.send_signal(sign)
            output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert [line.split()[0] for line in output.splitlines()] == ["VARIANT", "Dockerfile.a", "Dockerfile.b"]
    assert said.read_text().endswith("✖ cancelled\n")
    assert list(json.loads((tmp_path / "out.json").read_text())["variants"][0]["phases"]) == [
        "cold",
        "warm",
        "touched",
    ]
    assert await rig_docker.present() == before
    assert list((tmp_path / "tmp").iterdir()) == []


def test_nothing_to_build_is_status_2(tmp_path: Path) -> None:
    done = opsterm(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"✖ No Dockerfile in {tmp_path}.")
    assert done.stderr.count("\n") == 1
    done = opsterm(tmp_path / "none")
    assert (done.returncode, done.stderr) == (2, f"✖ Cannot read {tmp_path}/none: No such file or directory.\n")


def test_a_place_for_the_json_that_is_not_there_is_told_before_building(tmp_path: Path) -> None:
    folder = rig_docker.project(tmp_path / "p", a=BASELINE)
    done = opsterm(folder, "--json", tmp_path / "none" / "out.json")
    assert (done.returncode, done.stderr) == (2, f"✖ Cannot write {tmp_path}/none/out.json.\n")


@pytest.mark.parametrize("environment", [{"OPSTERM_ASCII": "1"}, {"PYTHONIOENCODING": "ascii"}])
def test_where_glyphs_cannot_be_shown_there_are_letters(tmp_path: Path, environment: dict[str, str]) -> None:
    done = opsterm(tmp_path / "none", **environment)
    assert done.stderr.startswith("X Cannot read ")


def test_no_engine_is_status_4(tmp_path: Path) -> None:
    folder = rig_docker.project(tmp_path / "p", a=BASELINE)
    done = opsterm(folder, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        f"✖ No Docker engine at unix://{tmp_path}/none.sock. Start it: sudo systemctl start docker.\n"
    )
