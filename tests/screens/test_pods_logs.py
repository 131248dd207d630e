"""Logs of pods as their user sees them, on the embedded cluster."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsterm.screens.pods import LogRequest
from opsterm.tui.demo.cluster import Cluster
from opsterm.tui.demo.cluster_faults import Cut
from opsterm.tui.demo.cluster_life import Process
from tests.rig_kube import numbered
from tests.screens.frame_app import says, shown
from tests.screens.pods_app import Pods, pods
from tests.waiting import until

LINE = re.compile(r"^ *▌? ?\d\d:\d\d:\d\d\.\d{3} (\w+)/app  (\S+) line \d+")


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster() as cluster:
        cluster.life.pace = 0.01
        yield cluster


@pytest.fixture
async def tab(tmp_path: Path, cluster: Cluster) -> AsyncIterator[Pods]:
    async with pods(tmp_path, cluster.kubeconfig) as tab:
        await tab.shows("● watching")
        yield tab


def colour_of(tab: Pods, text: str) -> str:
    """The colour in which `text` is drawn."""
    for strip in tab.app.screen._compositor.render_strips():
        if (at := strip.text.find(text)) >= 0:
            style = next(iter(strip.crop(at, at + 1))).style
            return str(style and style.color)
    raise AssertionError(f"not on the screen: {text}")


async def test_l_shows_the_logs_of_a_pod_and_esc_ends_them(cluster: Cluster, tab: Pods) -> None:
    cluster.add_pod("web-7c9f-x2k4p")
    await until(lambda: tab.names, "the pod")
    await tab.shows("Running")
    cluster.write("web-7c9f-x2k4p", "hello [/red] [@click=app.bell]x[/]", "ERROR it broke")
    await tab.press("l")
    await tab.shows("x2k4p/app  hello [/red] [@click=app.bell]x[/]")
    assert "logs web-7c9f-x2k4p" in shown(tab.app)[1]
    hub = tab.service.hubs[0]
    await tab.press("escape")
    await until(lambda: not tab.service.hubs, "the streams are closed")
    assert tab.screen.pane is None
    assert tab.screen.table.has_focus
    assert hub.pods == 1


async def test_by_label_through_a_rollout(cluster: Cluster, tab: Pods) -> None:
    cluster.life.add_deployment("shop", "web", 3, {"app": numbered})
    cluster.add_pod("other-1", programs={"app": numbered})
    await until(lambda: len(tab.names) == 4, "four pods")
    tab.screen.table.move_to(next(uid for uid, pod in tab.service.pods.items() if "web" in pod.metadata.name))
    await tab.press("L")
    await tab.shows("selector › app=web")
    await tab.shows("3 pods   enter tail")
    await tab.press("enter")
    await until(lambda: len(prefixes(tab)) == 3, "lines of three pods")
    old = prefixes(tab)
    assert all(pod.endswith(prefix) for prefix, pod in old)
    await cluster.rollout("web")
    await until(lambda: len(prefixes(tab) - old) == 3, "lines of three others")
    await tab.shows("3 pods, 3 streams")
    assert says(tab.app, "gaps 0")
    assert not says(tab.app, "other-1")


async def test_the_selector_counts_while_it_is_typed(cluster: Cluster, tab: Pods) -> None:
    for name in ("web-1", "web-2"):
        cluster.add_pod(name, labels={"app": "web", "pod": name})
    await until(lambda: len(tab.names) == 2, "two pods")
    await tab.press("colon")
    await tab.type("logs app=web")
    await tab.press("enter")
    await tab.shows("2 pods, 2 streams")
    await tab.press("L")
    await tab.shows("2 pods   enter tail")
    await tab.type(",pod=web-2")
    await tab.shows("1 pod   enter tail")
    await tab.press("enter")
    await tab.shows("1 pod, 1 stream")
    await until(lambda: len(tab.service.hubs) == 1, "the first streams are closed")


async def test_what_happened_to_a_stream_is_muted_and_a_source_has_its_colour(cluster: Cluster, tab: Pods) -> None:
    cluster.life.add_deployment("shop", "web", 2, {"app": numbered})
    await until(lambda: len(tab.names) == 2, "the pods")
    await tab.press("L", "enter")
    await until(lambda: len(prefixes(tab)) == 2, "lines of both")
    cluster.cut_logs(Cut.RESET)
    await tab.shows("⇄ ")
    await tab.press("s")  # what is asked for stays on the screen
    sources = {colour_of(tab, f"{prefix}/app  ") for prefix, _ in prefixes(tab)}
    assert len(sources) == 2
    assert colour_of(tab, "⇄ ") == colour_of(tab, time.strftime("%H:%M:"))
    assert colour_of(tab, "⇄ ") not in sources


async def test_logs_given_on_the_command_line_wait_for_the_cluster(tmp_path: Path, cluster: Cluster) -> None:
    cluster.life.add_deployment("shop", "web", 2, {"app": numbered})
    await cluster.refuse()
    async with pods(tmp_path, cluster.kubeconfig, opening=LogRequest(selector="app=web")) as tab:
        await tab.shows("↻ reconnecting")
        await cluster.start()
        await tab.press("r")
        await until(lambda: len(prefixes(tab)) == 2, "lines of two pods")


async def test_logs_asked_for_too_early_open_when_the_cluster_answers(tmp_path: Path, cluster: Cluster) -> None:
    cluster.life.add_deployment("shop", "web", 2, {"app": numbered})
    async with pods(tmp_path, cluster.kubeconfig) as tab:
        tab.screen.open_logs(LogRequest(selector="app=web"))
        await until(lambda: len(prefixes(tab)) == 2, "lines of two pods")


async def test_no_pod_matches_and_then_one_does(cluster: Cluster, tab: Pods) -> None:
    await tab.press("colon")
    await tab.type("logs app=late")
    await tab.press("enter")
    await tab.shows("No pod matches app=late in shop yet.")
    cluster.add_pod("late-1", labels={"app": "late"}, programs={"app": numbered})
    await tab.shows("late-1 line 0")
    await tab.shows("+ late-1/app")


async def test_a_log_that_may_not_be_read_is_said_and_the_list_stays(cluster: Cluster, tab: Pods) -> None:
    cluster.add_pod("web-1", programs={"app": numbered})
    await until(lambda: tab.names, "the pod")
    cluster.faults.denied.add(("get", "pods/log"))
    await tab.press("l")
    await tab.shows("may not get pods/log in shop.")
    await tab.press("escape")
    await tab.hides("may not get")
    assert tab.names == ["web-1"]
    cluster.faults.denied.clear()
    await tab.press("l")
    await until(lambda: prefixes(tab), "lines, now that they may be read")


def prefixes(tab: Pods) -> set[tuple[str, str]]:
    """Prefix and pod of each numbered line on the screen."""
    return {(found[1], found[2]) for row in shown(tab.app) if (found := LINE.match(row))}


async def test_the_log_of_a_pod_on_its_way_out_is_no_trouble(cluster: Cluster, tab: Pods) -> None:
    async def slow(process: Process) -> int:
        await process.stop.wait()
        await released.wait()
        return 0

    released = asyncio.Event()
    cluster.add_pod("web-1", programs={"app": slow})
    await tab.shows("Running")
    cluster.faults.denied.add(("get", "pods/log"))
    await tab.press("l")
    await tab.shows("may not get pods/log")
    ending = asyncio.create_task(cluster.delete_pod("web-1"))
    await tab.hides("may not get pods/log")
    assert tab.service.hubs[0].pods == 1
    released.set()
    await ending
