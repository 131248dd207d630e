"""What a real cluster does not do when asked: cuts, rotation, 401, 403, 410, 429, errors, and silence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from opsterm.services.kube.errors import (
    BadConfigError,
    ForbiddenError,
    LoginExpiredError,
    NoConfigError,
    UnreachableError,
)
from opsterm.services.kube.logs.hub import LogHub, Scope
from opsterm.services.kube.service import PodService
from opsterm.services.lines import Flag
from opsterm.services.service import State
from opsterm.tui.demo.cluster import Cluster
from opsterm.tui.demo.cluster_faults import Cut
from opsterm.tui.demo.cluster_life import Process
from tests.rig_kube import assert_whole, by_source, notes, numbered
from tests.waiting import turns, until


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster({"demo": "shop", "other": "default"}) as cluster:
        yield cluster


@pytest.fixture
async def service(cluster: Cluster) -> AsyncIterator[PodService]:
    service = PodService(files=[cluster.kubeconfig])
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "the cluster is reached")
    yield service
    await service.stop()


async def following(cluster: Cluster, service: PodService) -> LogHub:
    """A hub on the pod `web`, which writes numbered lines."""
    cluster.add_pod("web", programs={"app": numbered})
    hub = service.logs(selector="app=web")
    await until(lambda: len(by_source(hub).get("web/app", [])) > 5, "lines come")
    return hub


async def more(hub: LogHub, count: int = 10) -> None:
    """Wait for more lines of `web`."""
    goal = len(by_source(hub)["web/app"]) + count
    await until(lambda: len(by_source(hub)["web/app"]) >= goal, "more lines come")


async def test_many_clean_reconnects_make_no_gap(cluster: Cluster, service: PodService) -> None:
    cluster.add_pod("web", programs={"app": numbered})
    await until(lambda: cluster.runs, "it runs")
    hub = service.logs(pod="web")
    stream = await until(lambda: next(iter(hub.streams.values()), None), "its pod is found")

    def cut_again() -> int:
        stream.update(stream.pod)  # the next try is not waited for
        return cluster.cut_logs(Cut.EOF)

    for _ in range(200):
        await until(cut_again, "it is read, and cut")
    goal = len(by_source(hub)["web/app"]) + 10
    await until(lambda: hub.retry() or len(by_source(hub)["web/app"]) >= goal, "it goes on")
    assert_whole("web/app", by_source(hub)["web/app"], ended=False)
    assert hub.gaps == 0
    assert hub.reconnects > 0


async def test_a_run_that_comes_in_many_pieces_owes_no_proof(cluster: Cluster, service: PodService) -> None:
    async def crashing(process: Process) -> int:
        for number in range(6):
            process.write(f"step {number}")
            await process.wait(0.02)
        return 3

    cluster.add_pod("web", programs={"app": crashing})
    hub = service.logs(pod="web")
    await until(lambda: any("restarted #2" in note for note in notes(hub)), "two restarts")
    await until(lambda: len(by_source(hub)["web/app"]) >= 18, "three runs are read")
    assert by_source(hub)["web/app"][:18] == [f"step {number}" for number in range(6)] * 3
    assert hub.gaps == 0


@pytest.mark.parametrize("how", [Cut.EOF, Cut.RESET])
async def test_a_cut_stream_goes_on_without_loss_or_repeat(cluster: Cluster, service: PodService, how: Cut) -> None:
    hub = await following(cluster, service)
    for times in range(1, 6):
        assert cluster.cut_logs(how) == 1
        await until(lambda times=times: hub.reconnects == times, "it is read again")
        await more(hub, 3)
    assert_whole("web/app", by_source(hub)["web/app"], ended=False)
    assert hub.gaps == 0
    assert hub.repeats > 0


async def test_a_silent_dead_connection_is_found(cluster: Cluster, service: PodService) -> None:
    cluster.add_pod("web", programs={"app": numbered})
    client = service._clients["demo"]
    hub = LogHub(client, Scope("shop", pod="web"), stall=0.2)
    hub.start()
    await until(lambda: by_source(hub), "lines come")
    assert cluster.cut_logs(Cut.STALL) == 1
    await until(lambda: hub.reconnects == 1, "it is read again")
    await more(hub)
    assert_whole("web/app", by_source(hub)["web/app"], ended=False)
    assert hub.gaps == 0
    await hub.close()


async def test_a_quiet_container_is_not_a_dead_connection(cluster: Cluster, service: PodService) -> None:
    cluster.add_pod("web")
    await until(lambda: cluster.runs, "it runs")
    cluster.write("web", "one")
    hub = LogHub(service._clients["demo"], Scope("shop", pod="web"), stall=0.05)
    hub.start()
    await until(lambda: by_source(hub).get("web/app") == ["one"], "the line comes")
    asked = len(cluster.api.requests)
    await until(lambda: len(cluster.api.requests) > asked + 3, "the silence is looked into")
    assert (hub.reconnects, hub.gaps) == (0, 0)
    await hub.close()


async def test_rotation_during_a_cut_is_said(cluster: Cluster, service: PodService) -> None:
    cluster.add_pod("web")
    await until(lambda: cluster.runs, "it runs")
    hub = service.logs(pod="web")
    cluster.write("web", "one", "two")
    await until(lambda: by_source(hub).get("web/app") == ["one", "two"], "both lines come")
    await cluster.refuse()
    cluster.write("web", "lost")
    cluster.run_of("web").rotate()
    cluster.write("web", "three")
    await cluster.start()
    await until(lambda: by_source(hub)["web/app"][-1] == "three", "it goes on")
    assert by_source(hub)["web/app"] == ["one", "two", "three"]
    assert hub.gaps == 1
    gap = next(line for line in hub.ring.since(0) if line.flags & Flag.GAP)
    assert "unproven (log rotated?)" in gap.text
    assert hub.ring[gap.seq + 1].text == "three"


async def test_a_watch_too_old_lists_again_and_finds_what_went(cluster: Cluster, service: PodService) -> None:
    for name in ("one", "two"):
        cluster.add_pod(name)
    await until(lambda: len(service.pods) == 2, "both pods are there")
    before = next(pod.metadata.uid for pod in service.pods.values() if pod.metadata.name == "two")
    await cluster.refuse()
    await cluster.delete_pod("one")
    cluster.add_pod("three")
    cluster.forget_history()
    await cluster.start()
    names = {"two", "three"}
    await until(lambda: {pod.metadata.name for pod in service.pods.values()} == names, "what is there is shown")
    assert before in service.pods


@pytest.mark.parametrize("how", [Cut.EOF, Cut.RESET, Cut.ERROR])
async def test_a_broken_watch_is_taken_up_again(cluster: Cluster, service: PodService, how: Cut) -> None:
    assert await until(lambda: cluster.cut_watches(how), "the watch is cut") == 1
    cluster.add_pod("one")
    await until(lambda: len(service.pods) == 1, "the pod appears")
    await until(lambda: service.status.state is State.LIVE, "live again")
    await cluster.delete_pod("one")
    await until(lambda: not service.pods, "the pod goes")


async def test_an_expired_login_parks_streams_until_there_is_another(cluster: Cluster, service: PodService) -> None:
    hub = await following(cluster, service)
    cluster.expire_login()
    cluster.cut_watches(Cut.EOF)
    cluster.cut_logs(Cut.EOF)
    await until(lambda: service.status.state is State.FAILED, "the login is refused")
    assert isinstance(service.error, LoginExpiredError)
    assert "login expired" in service.status.reason
    assert service.pods, "the last known pods stay"
    cluster.renew_login()
    await until(lambda: service.status.state is State.LIVE, "it notices the new login by itself")
    await more(hub)
    assert_whole("web/app", by_source(hub)["web/app"], ended=False)
    assert hub.gaps == 0


async def test_unreachable_and_back(cluster: Cluster, service: PodService) -> None:
    hub = await following(cluster, service)
    await cluster.refuse()
    await until(lambda: service.status.state is State.LOST, "it is lost")
    assert isinstance(service.error, UnreachableError)
    await until(lambda: "connection refused" in service.status.reason, "it says why")
    assert service.status.retry_at is not None
    await cluster.start()
    service.retry()
    await until(lambda: service.status.state is State.LIVE, "it is back")
    await more(hub)
    assert_whole("web/app", by_source(hub)["web/app"], ended=False)
    assert hub.gaps == 0


async def test_forbidden_says_who_may_not_what(cluster: Cluster, service: PodService) -> None:
    cluster.faults.denied.add(("list", "pods"))
    await service.use(namespace="default")
    await until(lambda: service.status.state is State.FAILED, "it is refused")
    assert isinstance(service.error, ForbiddenError)
    assert service.status.reason == "403: viewer may not list pods in default."
    cluster.faults.denied.clear()
    service.retry()
    await until(lambda: service.status.state is State.LIVE, "it is allowed again")


async def test_forbidden_logs_leave_the_pods_alone(cluster: Cluster, service: PodService) -> None:
    cluster.faults.denied.add(("get", "pods/log"))
    cluster.add_pod("web", programs={"app": numbered})
    hub = service.logs(pod="web")
    stream = await until(lambda: next((s for s in hub.streams.values() if s.error), None), "the log is refused")
    assert isinstance(stream.error, ForbiddenError)
    assert service.status.state is State.LIVE
    cluster.faults.denied.clear()
    await until(lambda: by_source(hub), "lines come as soon as they may")
    assert_whole("web/app", by_source(hub)["web/app"], ended=False)


async def test_pods_that_may_not_be_watched_any_more_leave_their_logs_alone(
    cluster: Cluster, service: PodService
) -> None:
    hub = await following(cluster, service)
    cluster.faults.denied |= {("list", "pods"), ("watch", "pods")}
    cluster.cut_watches(Cut.EOF)
    await until(lambda: isinstance(hub.error, ForbiddenError), "the watch is refused")
    cluster.cut_logs(Cut.EOF)
    await more(hub)
    assert_whole("web/app", by_source(hub)["web/app"], ended=False)
    assert service.pods, "the last known pods stay"


async def test_a_login_program_runs_once_and_again_when_refused(cluster: Cluster, tmp_path: Path) -> None:
    def answer() -> None:
        status = {"token": cluster.api.token}
        (tmp_path / "answer").write_text(json.dumps({"kind": "ExecCredential", "status": status}))

    login = tmp_path / "login"
    login.write_text(f"#!/bin/sh\necho run >>{tmp_path}/runs\ncat {tmp_path}/answer\n")
    login.chmod(0o700)
    answer()
    document = yaml.safe_load(cluster.kubeconfig.read_text())
    document["users"][0]["user"] = {"exec": {"command": str(login)}}
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(document))
    for number in range(10):
        cluster.add_pod(f"web-{number}", labels={"app": "web"}, programs={"app": numbered})
    service = PodService(files=[file])
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "the cluster is reached")
    hub = service.logs(selector="app=web")
    await until(lambda: len(by_source(hub)) == 10, "ten logs are read")
    assert (tmp_path / "runs").read_text() == "run\n"
    cluster.expire_login()
    answer()
    cluster.cut_logs(Cut.EOF)
    await until(lambda: hub.reconnects == 10, "all are read again")
    assert (tmp_path / "runs").read_text() == "run\nrun\n"
    for source, lines in by_source(hub).items():
        assert_whole(source, lines, ended=False)
    await service.stop()


async def test_throttling_is_waited_out(cluster: Cluster, service: PodService) -> None:
    cluster.faults.throttled = 4
    await service.use(namespace="default")
    await until(lambda: service.status.state is State.DEGRADED, "it is throttled")
    await until(lambda: service.status.state is State.LIVE, "it goes on")


async def test_busy_streams_leave_the_loop_to_others(cluster: Cluster, service: PodService) -> None:
    for number in range(20):
        cluster.add_pod(f"busy-{number}", labels={"app": "busy"})
    await until(lambda: len(cluster.runs) == 20, "all run")
    for number in range(20):
        cluster.write(f"busy-{number}", *(f"line {line}" for line in range(1500)))
    hub = LogHub(service._clients["demo"], Scope("shop", "app=busy"), tail=-1)
    handed = [0]  # how many lines came in each turn of the loop
    seen = 0

    def count() -> None:
        nonlocal seen
        handed[-1] += hub.ring.next_seq - seen
        seen = hub.ring.next_seq

    async def turning() -> None:
        while True:
            await turns()
            handed.append(0)

    hub.ring.listen(count)
    task = asyncio.create_task(turning())
    hub.start()
    await until(lambda: hub.lines_read == 20 * 1500, "all is read")
    task.cancel()
    await hub.close()
    assert max(handed) < 1500, "one stream's piece in one turn, not those of all"
    assert hub.gaps == 0


async def test_more_streams_than_may_run_wait_in_order(cluster: Cluster, service: PodService) -> None:
    for number in range(5):
        cluster.add_pod(f"p{number}", labels={"app": "many"}, programs={"app": numbered})
    await until(lambda: len(cluster.runs) == 5, "all run")
    hub = LogHub(service._clients["demo"], Scope("shop", "app=many"), limit=2)
    hub.start()
    await until(lambda: len(by_source(hub)) == 2 and hub.queued == 3, "two are read, three wait")
    await cluster.delete_pod(next(iter(by_source(hub))).partition("/")[0])
    await until(lambda: len(by_source(hub)) == 3, "the next one is read")
    await hub.close()


async def test_no_kubeconfig_and_then_one(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "config"
    service = PodService(files=[file])
    await service.start()
    await until(lambda: isinstance(service.error, NoConfigError), "there is none")
    assert service.status.reason.startswith("No kubeconfig")
    file.write_bytes(cluster.kubeconfig.read_bytes())
    await until(lambda: service.status.state is State.LIVE, "it is found by itself")
    assert (service.context, service.namespace) == ("demo", "shop")
    assert list(service.contexts) == ["demo", "other"]
    await service.use(context="other")
    await until(lambda: service.status.state is State.LIVE, "the other context is reached")
    assert (service.context, service.namespace) == ("other", "default")
    assert file.read_bytes() == cluster.kubeconfig.read_bytes(), "the kubeconfig is never written"
    await service.stop()


async def test_a_broken_kubeconfig_leaves_the_other_contexts(cluster: Cluster, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text(
        "current-context: bad\n"
        "clusters:\n- name: bad\n  cluster:\n    server: nowhere\n"
        "contexts:\n- name: bad\n  context: {cluster: bad}\n"
    )
    service = PodService(files=[broken, cluster.kubeconfig])
    await service.start()
    await until(lambda: service.status.state is State.FAILED, "it is refused")
    assert isinstance(service.error, BadConfigError)
    assert (service.error.line, service.error.field) == (5, "clusters[0].cluster.server")
    assert service.status.hint == "Other contexts work."
    await service.use(context="demo")
    await until(lambda: service.status.state is State.LIVE, "the other context works")
    await service.stop()
