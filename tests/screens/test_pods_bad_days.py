"""What the Pods tab says when something is wrong, and how it comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsterm.services.service import State
from opsterm.tui.demo.cluster import Cluster
from tests.screens.frame_app import says, shown
from tests.screens.pods_app import Pods, pods
from tests.waiting import until


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster() as cluster:
        cluster.life.pace = 0.01
        cluster.add_pod("web-1")
        yield cluster


@pytest.fixture
async def tab(tmp_path: Path, cluster: Cluster) -> AsyncIterator[Pods]:
    async with pods(tmp_path / "state", cluster.kubeconfig) as tab:
        await until(lambda: tab.names == ["web-1"], "the pod")
        yield tab


async def other_tab_is_fine(tab: Pods) -> None:
    """The other tab opens and says nothing of the trouble."""
    await tab.press("f2")
    await until(lambda: "Other" in shown(tab.app)[0] and not any("✖" in row for row in shown(tab.app)[1:]), "no band")
    await tab.press("f1")


async def test_no_kubeconfig_and_then_there_is_one(tmp_path: Path, cluster: Cluster) -> None:
    file = tmp_path / "config"
    async with pods(tmp_path / "state", file) as tab:
        await tab.shows("No kubeconfig: looked at ")
        assert says(tab.app, "It is picked up by itself when it appears.")
        assert "↻" in shown(tab.app)[0]
        file.write_bytes(cluster.kubeconfig.read_bytes())
        await until(lambda: tab.names == ["web-1"], "it is picked up")
        await tab.hides("No kubeconfig")


async def test_a_broken_kubeconfig_is_named_with_line_and_field(tmp_path: Path, cluster: Cluster) -> None:
    good = cluster.kubeconfig.read_text()
    file = tmp_path / "config"
    file.write_text(good.replace("server: http://", "server: nowhere//"))
    line = next(number for number, row in enumerate(file.read_text().splitlines(), 1) if "nowhere" in row)
    async with pods(tmp_path / "state", file, size=(160, 30)) as tab:
        await tab.shows(f"line {line}, clusters[0].cluster.server: not a URL.")
        assert "✖" in shown(tab.app)[0]
        await other_tab_is_fine(tab)
        file.write_text(good)
        await until(lambda: tab.names == ["web-1"], "it is read again by itself")


async def test_no_yaml_at_all(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("clusters: [\n  {name: x\n")
    async with pods(tmp_path / "state", file, size=(160, 30)) as tab:
        await tab.shows("config line 3: no YAML")


async def test_the_cluster_goes_and_comes_back(cluster: Cluster, tab: Pods) -> None:
    await cluster.refuse()
    await tab.shows("unreachable: ")
    await tab.shows("next try in ")
    assert tab.names == ["web-1"], "old data stays"
    assert tab.screen.table.dimmed
    await tab.shows("list 00:00:0")
    await other_tab_is_fine(tab)
    await cluster.start()
    await tab.press("r")
    await tab.hides("unreachable")
    assert not tab.screen.table.dimmed
    cluster.add_pod("web-2")
    await until(lambda: set(tab.names) == {"web-1", "web-2"}, "the list goes on")


async def test_a_login_that_expires_and_is_renewed(cluster: Cluster, tab: Pods) -> None:
    cluster.expire_login()
    await cluster.refuse()
    await cluster.start()
    cluster.expire_login()
    await tab.shows("401 from ")
    assert says(tab.app, "login expired.")
    assert tab.service.status.state is State.FAILED
    assert tab.names == ["web-1"]
    cluster.renew_login()
    await tab.hides("401 from ")
    await until(lambda: tab.service.status.state is State.LIVE, "the new login is used")


async def test_pods_may_not_be_listed_and_then_they_may(tmp_path: Path, cluster: Cluster) -> None:
    cluster.faults.denied.add(("list", "pods"))
    async with pods(tmp_path / "state", cluster.kubeconfig) as tab:
        await tab.shows("may not list pods in shop.")
        assert "✖" in shown(tab.app)[0]
        cluster.faults.denied.clear()
        await tab.press("r")
        await until(lambda: tab.names == ["web-1"], "they are listed")
        await tab.hides("may not list")


async def test_namespaces_may_not_be_listed_and_nothing_else_suffers(tmp_path: Path, cluster: Cluster) -> None:
    cluster.faults.denied.add(("list", "namespaces"))
    cluster.add_pod("tool-1", namespace="default")
    async with pods(tmp_path / "state", cluster.kubeconfig) as tab:
        await until(lambda: tab.names == ["web-1"], "the pod")
        assert tab.service.status.state is State.LIVE
        await tab.press("colon")
        await tab.type("ns default")
        await tab.press("enter")
        await until(lambda: tab.names == ["tool-1"], "a namespace that cannot be listed can be named")


@pytest.mark.parametrize("size", [(120, 30), (80, 24), (40, 20)])
async def test_what_is_wrong_can_be_read_at_every_width(
    tmp_path: Path, cluster: Cluster, size: tuple[int, int]
) -> None:
    await cluster.refuse()
    async with pods(tmp_path / "state", cluster.kubeconfig, size=size) as tab:
        await tab.shows(f"↻ demo (127.0.0.1:{cluster.port}) unreach")
        await tab.shows("No pods to show")
