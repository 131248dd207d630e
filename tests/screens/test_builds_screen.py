"""The Builds tab as its user sees it, on an engine that a test holds in its hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rig_docker import project
from tests.screens.builds_app import BASELINE, DEPENDENCIES_FIRST, Builds, Engine, builds
from tests.waiting import until


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "p", a=BASELINE, b=DEPENDENCIES_FIRST)


@pytest.fixture
async def tab(tmp_path: Path, folder: Path, engine: Engine) -> AsyncIterator[Builds]:
    async with builds(tmp_path / "state", folder, engine.connect) as tab:
        await tab.shows("● ready", r"Dockerfile\.b")
        yield tab


async def test_before_anything_is_measured_the_dockerfiles_are_shown(tab: Builds) -> None:
    await tab.shows("VARIANT +LINES +BASE", r"Dockerfile\.a +4 +base:1", r"Dockerfile\.b +5 +base:1")
    await tab.shows(r"2 variants found, none measured. r builds this one, R all \(6 builds\)")
    assert tab.finds("test engine 1")


async def test_all_are_measured_and_compared_with_the_first(tab: Builds, engine: Engine) -> None:
    engine.gate.clear()
    await tab.press("R")
    await tab.shows("◐ building 1 of 6", r"Dockerfile\.a .*◐ \d+\.\d s", "x cancel", "F1 Builds ● 0/6")
    assert "0 of 6 builds" in tab.screen.busy
    engine.gate.set()
    await tab.shows(r"Dockerfile\.a +4\.00 s +5\.00 s +0\.10 s +272\.0 MB +baseline")
    await tab.shows(r"Dockerfile\.b +0\.40 s +0\.50 s +0\.01 s +224\.6 MB +10\.0× faster +−47\.4 MB")
    await tab.shows("2 variants, 2 measured")
    await tab.hides("F1 Builds ● .*6/6")
    assert not tab.screen.busy


async def test_the_steps_below_are_those_of_the_row(tab: Builds) -> None:
    await tab.press("R")
    await tab.shows("2 variants, 2 measured")
    await tab.press("g")
    await tab.shows(r"Dockerfile\.a, touched, ", r"WORKDIR /app +cached", r"RUN install +1\.00 s")
    await tab.press("j")
    await tab.shows(r"Dockerfile\.b, touched, ", r"RUN install +cached", r"COPY \. \. +1\.00 s")


async def test_r_measures_the_row_or_the_marks(tab: Builds) -> None:
    await tab.press("g", "j", "r")
    await until(lambda: list(tab.service.results) == ["Dockerfile.b"] and not tab.service.running, "the row")
    await tab.press("g", "space", "r")
    await until(lambda: "Dockerfile.a" in tab.service.results, "the mark")
    await tab.shows("2 variants, 2 measured")


async def test_cancel_keeps_what_is_measured(tab: Builds, engine: Engine) -> None:
    await tab.press("r")
    await tab.shows("2 variants, 1 measured")
    engine.gate.clear()
    await tab.press("R")
    await tab.shows("◐ building 1 of 3")
    await tab.press("x")
    await until(lambda: not tab.service.running, "it ends")
    await tab.shows(r"Dockerfile\.a +4\.00 s +5\.00 s")
    engine.gate.set()
    await tab.press("R")
    await tab.shows("2 variants, 2 measured")


async def test_what_was_known_stays_until_it_is_measured_again(tab: Builds, engine: Engine) -> None:
    await tab.press("R")
    await tab.shows("2 variants, 2 measured")
    engine.gate.clear()
    await tab.press("R")
    await tab.shows(
        "◐ building 1 of 6", r"Dockerfile\.a +– +◐ \d+\.\d s", r"Dockerfile\.b +0\.40 s +0\.50 s +0\.01 s"
    )
    await tab.press("x")
    await tab.shows("2 variants, 1 measured", r"Dockerfile\.b +0\.40 s")
    engine.gate.set()
    await tab.press("R")
    await tab.shows("2 variants, 2 measured", r"Dockerfile\.a +4\.00 s")


async def test_what_builds_print_can_be_read_filtered_and_left(tab: Builds) -> None:
    await tab.press("R")
    await tab.shows("2 variants, 2 measured")
    await tab.press("2")
    await tab.shows(r"Dockerfile\.b/5 +touched of COPY \. \.")
    await tab.press("slash")
    await tab.type("cold")
    await tab.press("enter")
    await tab.hides("warm of")
    assert tab.finds(r"Dockerfile\.b/2 +cold of WORKDIR /app")
    await tab.press("1")
    await tab.shows("VARIANT", r"RUN install")
    assert tab.screen.pane is None


async def test_enter_opens_the_steps_on_a_narrow_screen_and_esc_closes_them(
    tmp_path: Path, folder: Path, engine: Engine
) -> None:
    async with builds(tmp_path / "state", folder, engine.connect, size=(80, 24)) as tab:
        await tab.shows(r"Dockerfile\.b")
        await tab.press("R")
        await tab.shows("2 variants, 2 measured", r"Dockerfile\.b +0\.40 s +0\.50 s .*224\.6 MB +10\.0× faster")
        assert not tab.finds("WORKDIR")
        await tab.press("enter")
        await tab.shows("WORKDIR /app +cached")
        assert not tab.finds("VARIANT")
        await tab.press("escape")
        await tab.shows("VARIANT")


async def test_another_folder(tab: Builds, tmp_path: Path) -> None:
    other = project(tmp_path / "other", c=BASELINE)
    await tab.press("ctrl+o")
    await tab.shows("Folder ›")
    tab.screen.prompt.input.value = f"{other}?"
    await tab.press("end", "enter")
    await tab.shows("✖ no such folder")
    await tab.press("backspace", "enter")
    await tab.shows(r"Dockerfile\.c", "1 variant found, none measured")
    assert tab.service.folder == other
    assert tab.screen.table.has_focus
