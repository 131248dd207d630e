"""Logs by label through a rollout on a real cluster: every line of every pod exactly once, on the screen and not."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path

import pytest

from tests.rig_kube import Real, assert_whole, world
from tests.terminal import OPSTERM, Terminal, restored
from tests.waiting import until_now

pytestmark = [pytest.mark.journey, pytest.mark.rig]

ENDED = re.compile(r"− (\S+)/app ended")
STARTED = re.compile(r"\+ (\S+)/app \(\S+\) started")


@pytest.fixture
async def cluster() -> AsyncIterator[Real]:
    async with world("real") as found:
        assert isinstance(found, Real)
        await found.deploy("web", 3)
        yield found


# The program under test and the cluster are other processes: a wait in these tests holds up nothing of theirs.


async def test_on_the_screen(cluster: Real, tmp_path: Path) -> None:
    saved = tmp_path / "web.log"
    command = ("logs", "-l", "app=web", "-n", cluster.namespace)
    with Terminal(*command, columns=120, rows=40, env={"KUBECONFIG": str(cluster.kubeconfig)}) as terminal:
        terminal.wait_for("3 pods, 3 streams")
        assert f"{cluster.namespace} › logs app=web" in terminal.line(1)
        terminal.wait_for(re.compile(r" \w{5}/app +web-\w+-\w{5} line \d+"))
        terminal.send("/")
        terminal.wait_for("enter keep")
        terminal.send("none of the lines\r")
        terminal.wait_gone(re.compile(r"line \d+"))
        await cluster.rollout("web")
        terminal.wait_for(partial(all_changed, 3))
        terminal.key("escape")
        names = set(STARTED.findall(terminal.screen))
        for name in names:
            terminal.wait_for(re.compile(rf" {name[-5:]}/app +{name} line \d\d+"))
        assert re.search(r"gaps 0 +reconnects 0 +FOLLOW", terminal.line(-2))
        terminal.key("ctrl+s")
        terminal.wait_for("Save to ›")
        terminal.key("ctrl+u")
        terminal.send(f"{saved}\r")
        terminal.wait_for(re.compile(r"Saved [\d,]+ lines"))
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0
        assert restored(terminal.output)
    text = saved.read_text()
    ended = {f"{name}/app" for name in ENDED.findall(text)}
    found = re.findall(r"^\S+ (\w{5}/app) +((web-\w+-\w{5}) .*)$", text, re.MULTILINE)
    assert all(f"{pod}/app".endswith(prefix) for prefix, _, pod in found)
    assert_each_once([(f"{pod}/app", line) for _, line, pod in found], ended)


async def test_plain(cluster: Real, tmp_path: Path) -> None:
    printed, said = tmp_path / "printed", tmp_path / "said"
    command = [OPSTERM, "logs", "-l", "app=web", "-n", cluster.namespace, "--plain"]
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    with (
        printed.open("wb") as stdout,
        said.open("wb") as stderr,
        subprocess.Popen(command, stdout=stdout, stderr=stderr, env=environment) as process,
    ):
        until_now(lambda: len(dict(lines(printed))) == 3, "lines of three pods")
        await cluster.rollout("web")
        until_now(lambda: all_changed(3, said.read_text()), "three pods for three")
        new = STARTED.findall(said.read_text())
        until_now(lambda: all(f"{name} line 10\n" in printed.read_text() for name in new), "lines of the new ones")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    assert "gap" not in said.read_text()
    assert_each_once(lines(printed), {f"{name}/app" for name in ENDED.findall(said.read_text())})


def all_changed(pods: int, text: str) -> bool:
    """Whether so many have ended, and so many others have begun."""
    return len(set(ENDED.findall(text))) == len(set(STARTED.findall(text))) == pods


def lines(printed: Path) -> list[tuple[str, str]]:
    """Source and text of each whole line that was printed."""
    found = []
    for line in printed.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            _, _, source, text = line[:-1].split(" ", 3)
            found.append((source, text))
    return found


def assert_each_once(found: Iterable[tuple[str, str]], ended: set[str]) -> None:
    """Every line of six pods from its first, and to its last where the pod ended."""
    by_source: dict[str, list[str]] = {}
    for source, text in found:
        by_source.setdefault(source, []).append(text)
    assert len(by_source) == 6
    assert len(ended) == 3
    for source, texts in by_source.items():
        assert_whole(source, texts, ended=source in ended)
