"""Staging: what is copied, what is left out, and that the folder itself is only read."""

from __future__ import annotations

import asyncio
import os
import tarfile
from pathlib import Path

import pytest

from opsterm.services.docker.context import archive, stage
from opsterm.services.docker.errors import ContextError, NoDockerfileError, NoFolderError
from opsterm.services.docker.variants import find, ignore_file
from tests.waiting import turns


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    put(root, "app.py", "README.md", "docs/guide.md", "docs/keep.md", "src/a.py", "src/__pycache__/a.pyc", "#odd")
    return root


async def test_ignore_rules_hold(folder: Path, tmp_path: Path) -> None:
    (folder / ".dockerignore").write_text("# comment\n*.md\ndocs/*\n!docs/keep.md\n**/__pycache__\n\n/src/b.py\n")
    put(folder, "src/b.py")
    staged = await stage(folder, folder / ".dockerignore", tmp_path / "staged")
    assert files(staged.root) == ["#odd", "app.py", "docs/keep.md", "src/a.py"]


async def test_without_rules_all_is_copied_but_what_belongs_to_other_variants(folder: Path, tmp_path: Path) -> None:
    put(folder, "Dockerfile", "Dockerfile.slim", "Dockerfile.slim.dockerignore", "slim.Dockerfile", "sub/Dockerfile")
    staged = await stage(folder, folder / ".dockerignore", tmp_path / "staged")
    wanted = ["#odd", "README.md", "app.py", "docs/guide.md", "docs/keep.md"]
    assert files(staged.root) == [*wanted, "src/__pycache__/a.pyc", "src/a.py", "sub/Dockerfile"]
    assert staged.size == sum((staged.root / name).stat().st_size for name in files(staged.root))


async def test_links_stay_links_and_special_files_are_named(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to("app.py")
    (folder / "loop").symlink_to("loop")
    (folder / "out").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe")
    staged = await stage(folder, folder / ".dockerignore", tmp_path / "staged")
    assert [os.readlink(staged.root / name) for name in ("link", "loop", "out")] == [
        "app.py",
        "loop",
        "/etc/hostname",
    ]
    assert staged.skipped == ("pipe",)


async def test_the_mode_of_a_file_is_kept(folder: Path, tmp_path: Path) -> None:
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o750)
    staged = await stage(folder, folder / ".dockerignore", tmp_path / "staged")
    assert (staged.root / "run.sh").stat().st_mode & 0o777 == 0o750


async def test_too_much_is_refused_with_the_biggest_named(folder: Path, tmp_path: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "big").write_bytes(bytes(5000))
    with pytest.raises(ContextError) as caught:
        await stage(folder, folder / ".dockerignore", tmp_path / "staged", limit=1000)
    assert "data" in caught.value.hint
    assert not (tmp_path / "staged").exists()


async def test_a_cancelled_copy_writes_nothing_more(folder: Path, tmp_path: Path) -> None:
    for number in range(500):
        put(folder, f"many/{number}")
    task = asyncio.create_task(stage(folder, folder / ".dockerignore", tmp_path / "staged"))
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    before = len(files(tmp_path / "staged"))
    await asyncio.to_thread(lambda: None)
    assert len(files(tmp_path / "staged")) == before


async def test_the_archive_of_the_same_content_is_the_same(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to("app.py")
    staged = await stage(folder, folder / ".dockerignore", tmp_path / "staged")
    again = await stage(folder, folder / ".dockerignore", tmp_path / "again")
    (tmp_path / "Dockerfile").write_text("FROM a")
    archive(staged, tmp_path / "Dockerfile", tmp_path / "one.tar")
    for later in (again.root / "src", again.root / "link", tmp_path / "Dockerfile"):
        os.utime(later, (2e9, 2e9), follow_symlinks=False)
    archive(again, tmp_path / "Dockerfile", tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as tar:
        assert tar.getnames()[0] == "Dockerfile"
        assert sorted(tar.getnames()[1:]) == sorted(staged.files)
        assert {(one.uid, one.gid, one.uname, one.pax_headers == {}) for one in tar} == {(0, 0, "", True)}


def test_variants_are_found_by_name_and_the_plain_one_is_first(folder: Path) -> None:
    put(
        folder,
        "Dockerfile.b",
        "a.Dockerfile",
        "Dockerfile",
        "Dockerfile.b.dockerignore",
        "Dockerfile~",
        "MyDockerfile",
    )
    (folder / "Dockerfile").write_text("FROM x")
    (folder / "Dockerfile.dir").mkdir()
    found = find(folder)
    assert [one.name for one in found] == ["Dockerfile", "Dockerfile.b", "a.Dockerfile"]
    assert found[0].error is None
    assert found[1].parsed is None
    assert found[1].error is not None


def test_an_ignore_file_of_its_own_goes_first(folder: Path) -> None:
    put(folder, "Dockerfile", "Dockerfile.b", "Dockerfile.b.dockerignore", ".dockerignore")
    assert ignore_file(folder / "Dockerfile").name == ".dockerignore"
    assert ignore_file(folder / "Dockerfile.b").name == "Dockerfile.b.dockerignore"


def test_a_folder_without_dockerfile_and_no_folder_say_so(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NoDockerfileError, match=r"No Dockerfile in .*project"):
        find(folder)
    with pytest.raises(NoFolderError, match="No such file or directory"):
        find(tmp_path / "nothing")


def test_a_file_that_is_no_text_is_a_broken_variant(folder: Path) -> None:
    (folder / "Dockerfile").write_bytes(b"\xff\xfe\x00\x1b[31m\n")
    (only,) = find(folder)
    assert only.error is not None
    assert "\x1b" not in only.error.reason
