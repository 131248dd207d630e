"""Being woken by the file system."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from opsterm.services.serial import watch as watching
from opsterm.services.serial.watch import Watch
from tests.waiting import turns


def create(folder: Path) -> None:
    (folder / "port").touch()


def remove(folder: Path) -> None:
    (folder / "there").unlink()


def hand_over(folder: Path) -> None:
    (folder / "there").chmod(0o600)


def replace_target(folder: Path) -> None:
    (folder / "deep" / "target").unlink()


def make_folder(folder: Path) -> None:
    (folder / "missing").mkdir()


def remove_folder(folder: Path) -> None:
    (folder / "empty").rmdir()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("port", create),
        ("there", remove),
        ("there", hand_over),
        ("link", replace_target),
        ("missing/port", make_folder),
        ("empty/port", remove_folder),
    ],
)
async def test_a_change_ends_the_wait(tmp_path: Path, name: str, change: Callable[[Path], None]) -> None:
    (tmp_path / "there").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "target").touch()
    (tmp_path / "link").symlink_to("deep/target")
    with Watch(str(tmp_path / name)) as watch:
        waiting = asyncio.create_task(watch.wait())
        await turns()
        assert not waiting.done()
        change(tmp_path)
        await waiting


async def test_a_folder_made_while_waiting_is_watched_too(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "port"
    with Watch(str(path)) as watch:
        for step in (path.parent.parent.mkdir, path.parent.mkdir, path.touch):
            watch.clear()
            step()
            await watch.wait()


async def test_what_happened_before_clear_does_not_end_the_wait(tmp_path: Path) -> None:
    with Watch(str(tmp_path / "port")) as watch:
        create(tmp_path)
        await watch.wait()
        watch.clear()
        waiting = asyncio.create_task(watch.wait())
        await asyncio.wait([waiting], timeout=0.05)
        assert not waiting.done()
        watch.wake()
        await waiting


async def test_without_inotify_it_looks_again_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching.sys, "platform", "elsewhere")
    monkeypatch.setattr(watching, "_POLL_SECONDS", 0.01)
    with Watch(str(tmp_path / "port")) as watch:
        await watch.wait()


async def test_it_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    before = set(os.listdir("/dev/fd"))
    for _ in range(3):
        with Watch(str(tmp_path / "port")) as watch:
            watch.clear()
    assert set(os.listdir("/dev/fd")) <= before
