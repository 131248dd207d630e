"""The recorded comparison of the demo: the real service on a player in the place of an engine."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsterm.services.docker.errors import BuildError, ContextError
from opsterm.services.docker.results import PHASES
from opsterm.services.service import State
from opsterm.tui.demo.builds import RecordedBuilds, load
from tests import rig_docker
from tests.needs import ROOT
from tests.waiting import until

INSTALL = "RUN pip install -r requirements.txt"


@pytest.fixture
async def builds() -> AsyncIterator[RecordedBuilds]:
    service = RecordedBuilds(speed=10_000)
    await service.start()
    await until(lambda: service.status.state is State.LIVE)
    yield service
    await service.stop()


async def test_it_opens_with_the_recorded_results_and_says_that_they_are(builds: RecordedBuilds) -> None:
    assert builds.status.reason.startswith("Recorded on 20")
    assert builds.engine.startswith("recorded ")
    assert [one.name for one in builds.variants] == list(builds.results)
    assert len(builds.results) == 5
    assert not rig_docker.cached(builds, "Dockerfile", "touched")[INSTALL]
    assert rig_docker.cached(builds, "Dockerfile.2-requirements-first", "touched")[INSTALL]
    assert (builds.results["Dockerfile.4-slim"].size or 0) < (builds.results["Dockerfile"].size or 0)


async def test_what_is_played_comes_out_as_it_was_recorded(builds: RecordedBuilds) -> None:
    recorded = dict(builds.results)
    builds.run()
    await builds.wait()
    assert list(builds.results) == list(recorded)
    for name, result in builds.results.items():
        assert result is not recorded[name]
        for phase in PHASES:
            played, was = result.measures[phase], recorded[name].measures[phase]
            assert (played.seconds, played.counted) == (was.seconds, was.counted)
        assert result.size == recorded[name].size
    assert any(line.text.startswith("Collecting flask") for line in builds.log.since(0))
    assert {line.source for line in builds.log.since(0)} >= {"Dockerfile/4", "Dockerfile.4-slim/4"}


async def test_another_folder_has_no_recording(builds: RecordedBuilds, tmp_path: Path) -> None:
    await builds.open(rig_docker.project(tmp_path / "p", a="FROM a\nCOPY . .\n"))
    assert builds.results == {}
    builds.run()
    await builds.wait()
    assert isinstance(builds.results["Dockerfile.a"].error, BuildError)
    assert "was not recorded" in builds.results["Dockerfile.a"].error.reason


async def test_without_a_place_for_a_copy_the_comparison_says_so(
    builds: RecordedBuilds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    builds.run()
    await builds.wait()
    assert isinstance(builds.failure, ContextError)
    assert builds.failure.reason == "No place for a copy of the context: No such file or directory."
    assert builds.status.state is State.LIVE
    monkeypatch.undo()
    builds.run()
    await builds.wait()
    assert builds.failure is None


async def test_a_full_disk_is_an_error_and_no_file_left_out(
    builds: RecordedBuilds, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copy2", full)
    builds.run(["Dockerfile"])
    await builds.wait()
    assert "No space left on device" in str(builds.results["Dockerfile"].error)
    assert builds.skipped == ()


async def test_files_that_cannot_be_copied_are_named(builds: RecordedBuilds) -> None:
    assert builds.folder is not None
    os.mkfifo(builds.folder / "pipe\x1b[2J")
    builds.run(["Dockerfile"])
    await builds.wait()
    assert builds.results["Dockerfile"].error is None
    assert builds.skipped == ("pipe",)


async def test_the_folder_goes_with_the_service(builds: RecordedBuilds) -> None:
    folder = builds.folder
    assert folder is not None
    assert (folder / "app.py").exists()
    await builds.stop()
    assert not folder.exists()


def test_the_recording_is_of_the_example_as_it_is() -> None:
    example = ROOT / "examples" / "flask-app"
    for name, content in load().files.items():
        assert (example / name).read_text() == content, f"record again: {name} has changed"


def test_the_recording_holds_no_addresses() -> None:
    raw = (ROOT / "tui" / "demo" / "builds.json").read_text()
    assert "://" not in raw
