"""What must hold on any cluster, run against the embedded one and the real one: so the stand-in stays honest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import pytest

from opsterm.services.kube.client import Body, KubeClient
from opsterm.services.kube.config import load
from opsterm.services.kube.connection import connect
from opsterm.services.kube.errors import ApiError, NotFoundError
from opsterm.services.kube.pods import container_names, ready, restarts, status
from opsterm.services.kube.service import PodService
from opsterm.services.kube.types import Pod
from opsterm.services.service import State
from tests.rig_kube import Embedded, Real, World, assert_whole, by_source, container, notes, pod_spec, world
from tests.waiting import until, until_done

LONG = 100.0  # seconds: a real kubelet takes its time to end a pod
BOTH = [pytest.param("embedded"), pytest.param("real", marks=pytest.mark.rig)]


@pytest.fixture(params=BOTH)
async def cluster(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with world(request.param) as found:
        yield found


@pytest.fixture
async def service(cluster: World) -> AsyncIterator[PodService]:
    service = cluster.service()
    await service.start()
    await until(lambda: service.status.state is State.LIVE, "the cluster is reached")
    yield service
    await service.stop()


@pytest.fixture
async def client(cluster: World) -> AsyncIterator[KubeClient]:
    client = KubeClient(await connect(load([cluster.kubeconfig]).choose()))
    yield client
    await client.close()


def named(service: PodService, name: str) -> Pod | None:
    return next((pod for pod in service.pods.values() if pod.metadata.name == name), None)


async def test_pods_come_and_go_by_watch(cluster: World, service: PodService) -> None:
    assert not service.pods
    await cluster.add_pod("one")
    pod = await until(lambda: (p := named(service, "one")) and status(p) == "Running" and p, "the pod runs", LONG)
    assert (ready(pod), restarts(pod), container_names(pod)) == ("1/1", "0", ["app"])
    assert pod.spec.node_name
    assert cluster.namespace in service.namespaces
    deleting = asyncio.create_task(cluster.delete_pod("one"))
    await until(lambda: (p := named(service, "one")) and status(p) == "Terminating", "the pod terminates")
    await until(lambda: not service.pods, "the pod is gone", LONG)
    await deleting


async def test_every_line_of_a_rollout_exactly_once(cluster: World, service: PodService) -> None:
    await cluster.deploy("web", 3)
    hub = service.logs(selector="app=web")
    await until(lambda: len(by_source(hub)) == 3, "three pods are read", LONG)
    old = set(by_source(hub))
    await cluster.rollout("web")
    ends = {f"− {source} ended" for source in old}
    await until(lambda: ends <= set(notes(hub)), "the logs of the old pods end", 30)
    new = await until(lambda: len(found := set(by_source(hub)) - old) == 3 and found, "three new pods are read", LONG)
    await until(lambda: all(len(by_source(hub)[source]) > 20 for source in new), "the new ones write", LONG)
    for source, lines in by_source(hub).items():
        assert_whole(source, lines, ended=source in old)
    assert (hub.gaps, hub.pods) == (0, 3)


async def test_one_pod_from_its_beginning_to_its_end(cluster: World, service: PodService) -> None:
    await cluster.add_pod("one")
    await cluster.add_pod("two")
    hub = service.logs(pod="one")
    await until(lambda: len(by_source(hub).get("one/app", [])) > 10, "lines come", LONG)
    await cluster.delete_pod("one")
    await until(lambda: "− one/app ended" in notes(hub), "it ends", LONG)
    assert set(by_source(hub)) == {"one/app"}
    assert_whole("one/app", by_source(hub)["one/app"], ended=True)
    assert hub.gaps == 0


async def test_a_restarted_container_is_read_from_its_start(cluster: World, service: PodService) -> None:
    lines = ["begin", "work", "fail"]
    if isinstance(cluster, Embedded):

        async def crashing(process: object) -> int:
            for line in lines:
                process.write(line)  # type: ignore[attr-defined]
            return 3

        cluster.cluster.add_pod("crash", programs={"app": crashing})
    else:
        assert isinstance(cluster, Real)
        script = "; ".join(f"echo {line}" for line in lines) + "; exit 3"
        spec = pod_spec(container(script))
        await cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "crash"}, "spec": spec})
    hub = service.logs(pod="crash")
    await until(lambda: any("restarted #2" in note for note in notes(hub)), "it restarts twice", LONG)
    await until(lambda: len(by_source(hub)["crash/app"]) >= 9, "three runs are read", LONG)
    assert by_source(hub)["crash/app"][:9] == lines * 3
    assert hub.gaps == 0
    assert any("restarted #1, Error, exit 3" in note for note in notes(hub))


async def test_namespaces_and_all_of_them(cluster: World, service: PodService) -> None:
    await cluster.add_pod("one")
    await until(lambda: named(service, "one"), "the pod is there")
    await service.use(namespace="default")
    await until(lambda: service.synced and service.status.state is State.LIVE, "the other namespace is listed")
    assert named(service, "one") is None
    await service.use(namespace=None)
    await until(lambda: named(service, "one"), "all namespaces are listed")


@pytest.mark.rig
async def test_words_are_those_of_kubectl() -> None:
    scripts = {
        "fine": {"containers": [container("sleep 60")]},
        "crash": {"containers": [container("exit 3")]},
        "done": {"restartPolicy": "Never", "containers": [container("exit 0")]},
        "failed": {"restartPolicy": "Never", "containers": [container("exit 1"), container("sleep 60", "other")]},
        "init": {"initContainers": [container("sleep 60", "first")], "containers": [container("sleep 60")]},
        "initcrash": {"initContainers": [container("exit 1", "first")], "containers": [container("sleep 60")]},
        "noimage": {"containers": [{"name": "app", "image": "rig.test/none:1", "imagePullPolicy": "Never"}]},
        "badname": {"containers": [container("sleep 60") | {"command": ["/none"]}]},
        "pending": {"nodeSelector": {"none": "such"}, "containers": [container("sleep 60")]},
    }
    async with world("real") as cluster:
        assert isinstance(cluster, Real)
        for name, spec in scripts.items():
            full = pod_spec(**{"terminationGracePeriodSeconds": 0, **spec})
            await cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": full})
        service = cluster.service()
        await service.start()
        try:
            await until(lambda: len(service.pods) == len(scripts), "all pods are listed")
            await _same_words(cluster, service)
        finally:
            await service.stop()


async def _same_words(cluster: Real, service: PodService) -> None:
    """Compare until both told the same about the same moment, and every kind of pod has reached its word."""
    last: tuple[object, object] = (None, None)

    async def same() -> bool:
        nonlocal last
        said = (await cluster.run("get", "pods", "--no-headers")).splitlines()
        theirs = {line.split()[0]: tuple(line.split()[1:4]) for line in said}
        ours = {
            pod.metadata.name: (ready(pod), status(pod), restarts(pod).split()[0]) for pod in service.pods.values()
        }
        last = (ours, theirs)
        words = {word for _, word, _ in theirs.values()}
        return ours == theirs and {"CrashLoopBackOff", "Init:CrashLoopBackOff", "Completed", "Init:0/1"} <= words

    with suppress(AssertionError):
        await until_done(same, "the same words", 60, every=0.5)
        return
    raise AssertionError(f"opsterm and kubectl differ: {last}")


async def test_a_log_is_asked_for_by_tail_and_by_second(cluster: World, client: KubeClient) -> None:
    await cluster.add_pod("one")
    log = partial(read, client, cluster.namespace, "one")
    whole = await started(client, cluster.namespace, "one", 60)
    assert [line.split(b" ", 1)[1] for line in whole] == [b"one line %d" % n for n in range(len(whole))]
    assert len(await log(tailLines=5)) == 5
    assert await log(tailLines=0) == []
    moment = whole[40].split(b" ", 1)[0].decode()
    second = moment[:19].encode()
    since = await log(sinceTime=moment)
    assert since[0] == next(line for line in whole if line[:19] >= second), "from the beginning of the second on"
    assert len(await log(sinceTime=moment, tailLines=1)) == 1, "the tail is taken first"


async def test_logs_that_are_not_there_say_why(cluster: World, client: KubeClient) -> None:
    await cluster.add_pod("one")
    await started(client, cluster.namespace, "one", 1)
    with pytest.raises(NotFoundError) as missing:
        await read(client, cluster.namespace, "none")
    assert missing.value.message == 'pods "none" not found'
    with pytest.raises(ApiError) as previous:
        await read(client, cluster.namespace, "one", previous="true")
    assert previous.value.status == 400
    assert previous.value.message == 'previous terminated container "app" in pod "one" not found'


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("app=one", {"one"}),
        ("app!=one", {"two", "three"}),
        ("app in (one, two)", {"one", "two"}),
        ("app notin (one, two)", {"three"}),
        ("app", {"one", "two", "three"}),
        ("!app", set()),
        ("app=one,app=two", set()),
    ],
)
async def test_selectors_choose_the_same(cluster: World, client: KubeClient, selector: str, found: set[str]) -> None:
    for name in ("one", "two", "three"):
        await cluster.add_pod(name)
    path = f"/api/v1/namespaces/{cluster.namespace}/pods"
    names = {
        pod.metadata.name async for _, pods in client.pages(path, Pod, {"labelSelector": selector}) for pod in pods
    }
    assert names == found


async def chunks(body: Body) -> AsyncIterator[bytes]:
    """The pieces of a body to its end."""
    while chunk := await body.read():
        yield chunk


async def read(client: KubeClient, namespace: str, pod: str, **params: str | int) -> list[bytes]:
    """The lines of a log as the server sends them to a request that does not follow."""
    async with client.stream_log(namespace, pod, "app", params) as body:
        return b"".join([chunk async for chunk in chunks(body)]).splitlines()


async def started(client: KubeClient, namespace: str, pod: str, lines: int) -> list[bytes]:
    """The log of a container, as soon as it has as many lines."""

    async def whole() -> list[bytes]:
        with suppress(ApiError):  # it waits to start
            if len(found := await read(client, namespace, pod)) >= lines:
                return found
        return []

    return await until_done(whole, f"{lines} lines of {pod}", LONG)
