"""Comparisons on a real engine, with buildx and with BuildKit over the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsterm.services.docker.errors import BadDockerfileError, BaseMissingError, StepFailedError
from opsterm.services.docker.events import Kind, StepStarted
from opsterm.services.docker.results import PHASES
from tests import rig_docker
from tests.rig_docker import BASE, BASELINE, DEPENDENCIES_FIRST
from tests.waiting import until

pytestmark = pytest.mark.rig
INSTALL = "RUN cat requirements.txt > installed"


@pytest.fixture(params=["buildx", "rest"])
async def builder(request: pytest.FixtureRequest) -> str:
    await rig_docker.engine(request.param)
    return str(request.param)


async def test_dependencies_first_keep_the_install_step_cached(builder: str, tmp_path: Path) -> None:
    folder = rig_docker.project(tmp_path / "p", baseline=BASELINE, deps=DEPENDENCIES_FIRST)
    before, files = await rig_docker.present(), rig_docker.state_of(folder)
    records = await rig_docker.cache_with("")
    async with rig_docker.service(folder, builder) as service:
        assert builder in service.engine.lower() or builder == "rest"
        service.run()
        await service.wait()
        assert service.failure is None
        for name in ("Dockerfile.baseline", "Dockerfile.deps"):
            result = service.results[name]
            assert result.error is None
            assert list(result.measures) == list(PHASES)
            assert result.size
            assert not rig_docker.cached(service, name, "cold")[INSTALL]
            assert all(rig_docker.cached(service, name, "warm").values())
        assert rig_docker.cached(service, "Dockerfile.baseline", "touched") == {
            "WORKDIR /app": True,
            "COPY . .": False,
            INSTALL: False,
        }
        assert rig_docker.cached(service, "Dockerfile.deps", "touched") == {
            "WORKDIR /app": True,
            "COPY requirements.txt .": True,
            INSTALL: True,
            "COPY . .": False,
        }
        assert await rig_docker.cache_with("") == records
        kinds = {one.step.kind for one in service.results["Dockerfile.deps"].measures["cold"].done}
        assert kinds == set(Kind)
        lines = {one.step.name: one.step.line for one in service.results["Dockerfile.deps"].measures["cold"].counted}
        assert lines == {"WORKDIR /app": 2, "COPY requirements.txt .": 3, INSTALL: 4, "COPY . .": 5}
    assert await rig_docker.present() == before
    assert rig_docker.state_of(folder) == files


async def test_each_failure_is_of_its_variant_and_the_others_go_on(builder: str, tmp_path: Path) -> None:
    folder = rig_docker.project(
        tmp_path / "p",
        a=f"FROM {BASE}\n\nRUN echo before; echo 'Step 9/9 : forged' >&2; exit 7\n",
        b=f"FROM {BASE}\nRUNN x\n",
        c="FROM rig.test/busybox:none\nRUN x\n",
        d=f"FROM {BASE}\nCOPY nope.txt /\n",
        e=BASELINE,
    )
    before = await rig_docker.ours()
    async with rig_docker.service(folder, builder) as service:
        service.run()
        await service.wait()
        errors = [service.results[f"Dockerfile.{name}"].error for name in "abcde"]
        failed, syntax, base, copy, fine = errors
        assert isinstance(failed, StepFailedError)
        assert (failed.line, failed.exit_code) == (3, 7)
        assert isinstance(syntax, BadDockerfileError)
        assert syntax.line == 2
        assert "did you mean RUN?" in syntax.reason
        assert isinstance(base, BaseMissingError)
        assert base.image == "rig.test/busybox:none"
        assert BASE in base.similar
        assert isinstance(copy, StepFailedError)
        assert copy.line == 2
        assert "nope.txt is not in the build context" in copy.reason
        assert fine is None
        printed = {line.text: line.source for line in service.log.since(0)}
        assert printed["before"] == printed["Step 9/9 : forged"] == "Dockerfile.a/2"
    assert await rig_docker.ours() == before


async def test_a_cancelled_build_leaves_nothing(builder: str, tmp_path: Path) -> None:
    marker = f"{tmp_path.name}-{builder}"
    records = await rig_docker.cache_with("")
    source = f"{BASELINE}RUN echo {marker}; sleep 600\n"
    folder = rig_docker.project(tmp_path / "p", a=BASELINE, b=source)
    before, files = await rig_docker.present(), rig_docker.state_of(folder)
    async with rig_docker.service(folder, builder) as service:
        service.run()
        await until(lambda: any(line.text == marker for line in service.log.since(0)), "the second variant runs", 60)
        await service.cancel()
        await service.wait()
        assert not service.running
        assert service.progress is None
        assert list(service.results["Dockerfile.a"].measures) == list(PHASES)
        assert service.results["Dockerfile.b"].measures == {}
        await until(lambda: not commands_with(marker), "its command has ended", 5)
        assert await rig_docker.present() == before
        assert await rig_docker.cache_with("") == records
        service.run(["Dockerfile.a"])
        await service.wait()
        assert service.results["Dockerfile.a"].error is None
    assert await rig_docker.present() == before
    assert rig_docker.state_of(folder) == files


async def test_image_and_cache_of_the_user_stay_though_they_are_of_the_same_file(
    builder: str, tmp_path: Path
) -> None:
    folder = rig_docker.project(tmp_path / "p", a=f"{BASELINE}RUN echo {tmp_path}\n")
    tag = f"rig.test/user-{builder}:{tmp_path.name}"
    image, _ = await rig_docker.build_as_user(folder, "Dockerfile.a", builder)
    try:
        repo, name = tag.split(":")
        await rig_docker.ask(f"/images/{image}/tag?repo={repo}&tag={name}", "POST")
        known = await rig_docker.cache_with(str(tmp_path))
        assert known
        async with rig_docker.service(folder, builder) as service:
            service.run()
            await service.wait()
            assert service.results["Dockerfile.a"].error is None
        assert await rig_docker.cache_with(str(tmp_path)) == known
        assert (await rig_docker.ask(f"/images/{tag}/json"))["Id"] == image
        again, done = await rig_docker.build_as_user(folder, "Dockerfile.a", builder)
        assert again == image
        assert all(one.cached for one in done if one.step.kind is Kind.STEP)
    finally:
        await rig_docker.ask(f"/images/{image}?force=1", "DELETE")
        for record in await rig_docker.cache_with(str(tmp_path)):
            await rig_docker.remove_cache(record)


async def test_repetitions_are_all_kept(builder: str, tmp_path: Path) -> None:
    folder = rig_docker.project(tmp_path / "p", a=BASELINE, b=DEPENDENCIES_FIRST)
    async with rig_docker.service(folder, builder, reps=2) as service:
        totals = set()
        service.listen(lambda: totals.add(service.progress and service.progress.total))
        service.run()
        await service.wait()
        assert totals == {12, None}
        for name in ("Dockerfile.a", "Dockerfile.b"):
            assert [len(one.seconds) for one in service.results[name].measures.values()] == [2, 2, 2]


async def test_steps_can_be_followed(builder: str, tmp_path: Path) -> None:
    folder = rig_docker.project(tmp_path / "p", a=BASELINE)
    running: list[str] = []
    async with rig_docker.service(folder, builder) as service:

        def look() -> None:
            running.extend(one.step.name for one in service.steps if isinstance(one, StepStarted))

        service.listen(look)
        service.run()
        await service.wait()
        assert service.steps == service.results["Dockerfile.a"].measures["touched"].done
    assert {"COPY . .", INSTALL} <= set(running)


def commands_with(marker: str) -> list[str]:
    """The processes of this machine that have `marker` in their command line, but for this one's own tools."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if marker.encode() in line and b"sleep 600" in line:
            found.append(line.decode(errors="replace"))
    return found
