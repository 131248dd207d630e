"""The list of pods as its user sees it, on the embedded cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsterm.tui.demo.cluster import Cluster
from opsterm.tui.demo.cluster_life import Process
from tests.screens.frame_app import says
from tests.screens.pods_app import Pods, pods
from tests.waiting import until


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster({"demo": "shop", "demo-eu": "default"}) as cluster:
        cluster.life.pace = 0.01
        yield cluster


@pytest.fixture
async def tab(tmp_path: Path, cluster: Cluster) -> AsyncIterator[Pods]:
    async with pods(tmp_path, cluster.kubeconfig) as tab:
        await tab.shows("● watching")
        yield tab


async def failing(process: Process) -> int:
    process.write("no luck")
    return 3


async def test_pods_come_change_and_go_while_one_looks(cluster: Cluster, tab: Pods) -> None:
    await tab.shows("No pods in shop. 0 shows all namespaces.")
    cluster.add_pod("web-1")
    await until(lambda: tab.names == ["web-1"], "the pod appears")
    await tab.shows("Running")
    assert says(tab.app, "1/1")
    cluster.add_pod("bad-1", programs={"app": failing})
    await tab.shows("✖ CrashLoopBackOff")
    await tab.shows("▲ 1 faulty")
    await until(lambda: _cell(tab, "bad-1", "restarts").split()[0] not in ("", "0"), "restarts are counted")
    await cluster.delete_pod("bad-1")
    await until(lambda: tab.names == ["web-1"], "the pod goes")
    await tab.hides("faulty")


async def test_the_cursor_stays_on_its_pod_while_others_come_and_go(cluster: Cluster, tab: Pods) -> None:
    for number in range(5):
        cluster.add_pod(f"web-{number}")
    await until(lambda: len(tab.names) == 5, "five pods")
    await tab.press("j", "j")
    here = tab.screen.table.cursor_key
    pod = tab.screen.current()
    assert pod is not None
    for name in [name for name in tab.names if name != pod.metadata.name][:2]:
        await cluster.delete_pod(name)
    cluster.add_pod("aaa")
    await until(lambda: len(tab.names) == 4 and "aaa" in tab.names, "two went, one came")
    assert tab.screen.table.cursor_key == here
    await cluster.delete_pod(pod.metadata.name)
    await until(lambda: len(tab.names) == 3, "its own pod goes")
    assert tab.screen.current() is not None


async def test_a_filter_narrows_as_it_is_typed_and_esc_ends_it(cluster: Cluster, tab: Pods) -> None:
    for name in ("web-1", "web-2", "job-1"):
        cluster.add_pod(name)
    cluster.add_pod("web-bad", programs={"app": failing})
    await until(lambda: len(tab.names) == 4, "four pods")
    await tab.shows("✖ CrashLoopBackOff")
    await tab.press("slash")
    await tab.type("web")
    await until(lambda: set(tab.names) == {"web-1", "web-2", "web-bad"}, "only web")
    await tab.type(" status:Running !name:web-2")
    await until(lambda: tab.names == ["web-1"], "fields and their opposite")
    await tab.shows("1/4   enter keep   esc clear")
    await tab.press("enter")
    await tab.shows("filter: web status:Running !name:web-2 1/4")
    cluster.add_pod("web-3")
    await until(lambda: set(tab.names) == {"web-1", "web-3"}, "the filter asks new pods too")
    await tab.press("escape")
    await until(lambda: len(tab.names) == 5, "no filter any more")


async def test_a_broken_filter_keeps_the_last_good_one(cluster: Cluster, tab: Pods) -> None:
    cluster.add_pod("web-1")
    cluster.add_pod("job-1")
    await until(lambda: len(tab.names) == 2, "two pods")
    await tab.press("slash")
    await tab.type("web")
    await until(lambda: tab.names == ["web-1"], "only web")
    await tab.press("left_square_bracket")
    await tab.shows("still showing: web")
    assert tab.names == ["web-1"]


async def test_marks_are_counted_and_go_with_their_pods(cluster: Cluster, tab: Pods) -> None:
    for number in range(3):
        cluster.add_pod(f"web-{number}")
    await until(lambda: len(tab.names) == 3, "three pods")
    await tab.press("g", "space", "space")
    await tab.shows("2 marked")
    marked = [pod.metadata.name for uid, pod in tab.service.pods.items() if uid in tab.screen.table.marks]
    await cluster.delete_pod(marked[0])
    await tab.shows("1 marked")
    await tab.press("ctrl+backslash")
    await tab.hides("marked")


async def test_digits_commands_and_the_panel_switch_namespaces_and_contexts(cluster: Cluster, tab: Pods) -> None:
    cluster.add_pod("web-1")
    cluster.add_pod("tool-1", namespace="default")
    await until(lambda: tab.names == ["web-1"], "the namespace of the context")
    await tab.shows("0 all   1 default   2 shop")
    await tab.press("1")
    await until(lambda: tab.names == ["tool-1"], "another namespace by its digit")
    await tab.press("0")
    await until(lambda: set(tab.names) == {"web-1", "tool-1"}, "all namespaces")
    assert tab.screen.table.columns[0].key == "namespace"
    await tab.shows("NAMESPACE  NAME")
    await tab.shows("READY  STATUS")
    await tab.press("colon")
    await tab.type("ns shop")
    await tab.press("enter")
    await until(lambda: tab.names == ["web-1"], "a namespace by command")
    await tab.press("colon")
    await tab.type("ctx demo-eu")
    await tab.press("enter")
    await until(lambda: tab.names == ["tool-1"], "a context by command, in its own namespace")
    await tab.shows("demo-eu › default › pods")
    await tab.press("ctrl+o")
    await tab.shows("Context and namespace")
    await tab.press("g", "enter")
    await tab.hides("Context and namespace")
    await tab.shows("demo › shop › pods")
    await until(lambda: tab.names == ["web-1"], "a context by the panel")
    assert tab.screen.table.has_focus


async def test_a_context_that_is_not_there_is_said_where_it_was_typed(tab: Pods) -> None:
    await tab.press("colon")
    await tab.type("ctx nowhere")
    await tab.press("enter")
    await tab.shows('no context "nowhere"')
    assert tab.service.context == "demo"


def _cell(tab: Pods, name: str, column: str) -> str:
    table = tab.screen.table
    keys = [column.key for column in table.columns]
    rows = [table.row(key) for key in table.shown_keys]
    texts = next((row.texts() for row in rows if row and row.texts()[keys.index("name")] == name), None)
    return texts[keys.index(column)] if texts else ""


async def test_status_stays_beside_long_names_on_a_tiny_screen(tmp_path: Path, cluster: Cluster) -> None:
    cluster.add_pod("a-name-that-is-much-longer-than-the-screen-is-wide", programs={"app": failing})
    async with pods(tmp_path, cluster.kubeconfig, size=(40, 20)) as tab:
        await tab.shows("CrashLoop")
        await tab.shows("a-name-that")
