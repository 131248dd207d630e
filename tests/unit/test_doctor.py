"""`opsterm doctor` on good and bad days: one finding for each part, what to do about it, and the exit status."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from opsterm.services.serial import ports
from opsterm.services.serial.ports import Port
from opsterm.tui import doctor
from opsterm.tui.demo.cluster import Cluster
from opsterm.tui.doctor import FAILED, FINE, LOOK, OFF, WIDTH, Finding

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: dev
clusters: [{name: one, cluster: {server: SERVER}}]
users: [{name: me, user: {token: x}}]
contexts: [{name: dev, context: {cluster: one, user: me}}]
"""


@pytest.fixture
async def cluster(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cluster]:
    async with Cluster({"dev": "shop"}) as cluster:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
        yield cluster


def kubeconfig(text: str) -> None:
    Path(os.environ["KUBECONFIG"]).write_text(text)


async def test_a_cluster_that_answers(cluster: Cluster) -> None:
    cluster.add_pod("web")
    assert await doctor.cluster() == Finding(FINE, "cluster", "context dev, 1 pod seen")


async def test_no_kubeconfig() -> None:
    found = await doctor.cluster()
    assert found.glyph == FAILED
    assert found.text.startswith("No kubeconfig: looked at ")
    assert found.todo == "set KUBECONFIG, or copy the cluster's file to ~/.kube/config"


async def test_a_broken_kubeconfig() -> None:
    kubeconfig(KUBECONFIG.replace("SERVER", "'not a url'"))
    found = await doctor.cluster()
    assert found.glyph == FAILED
    assert "line 5, clusters[0].cluster.server" in found.text


async def test_a_cluster_that_is_not_there() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        kubeconfig(KUBECONFIG.replace("SERVER", f"http://127.0.0.1:{nobody.getsockname()[1]}"))
        found = await doctor.cluster()
    assert found.glyph == FAILED
    assert found.text.endswith("unreachable: connection refused.")
    assert found.todo == "start it, or choose another: opsterm --context NAME"


async def test_a_login_that_is_over(cluster: Cluster) -> None:
    cluster.expire_login()
    found = await doctor.cluster()
    assert found.glyph == FAILED
    assert found.text.startswith("401 from dev (")
    assert found.todo.startswith("Log in again")


async def test_pods_that_may_not_be_listed(cluster: Cluster) -> None:
    cluster.faults.denied.add(("list", "pods"))
    found = await doctor.cluster()
    assert found.glyph == FAILED
    assert "may not list pods in shop" in found.text


async def test_a_cluster_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        kubeconfig(KUBECONFIG.replace("SERVER", f"http://127.0.0.1:{silent.getsockname()[1]}"))
        found = await doctor.cluster()
    assert (found.glyph, found.text) == (FAILED, "no answer within 0 s")


async def test_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    found = await doctor.docker()
    assert found.glyph == FAILED
    assert found.text.startswith(f"No Docker engine at unix://{tmp_path}/none.sock")
    assert found.todo == "Start it: sudo systemctl start docker."


async def test_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    there: Sequence[Port] = ()
    monkeypatch.setattr(ports, "scan_ports", lambda: list(there))
    assert (await doctor.serial()).glyph == OFF
    there = (Port("/dev/ttyUSB0", held_by="locked by tio (pid 1)"), Port("/dev/ttyUSB1"))
    assert await doctor.serial() == Finding(FINE, "serial", "2 ports, /dev/ttyUSB0 locked by tio (pid 1)")
    there = (Port("/dev/ttyUSB0", problem="no permission (root:dialout)"), Port("/dev/ttyUSB1"))
    found = await doctor.serial()
    assert found.glyph == LOOK
    assert found.text == "2 ports, 1 not to be opened: /dev/ttyUSB0: no permission (root:dialout)"
    assert found.todo.startswith("sudo usermod -aG dialout")


async def test_reports_are_off_unless_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", "https://key@of-the-users-app.example/1")
    assert (await doctor.sentry()).glyph == OFF
    assert "nothing leaves this machine" in (await doctor.sentry()).text


async def test_where_reports_go_is_said_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.environ["OPSTERM_CONFIG_DIR"])
    folder.mkdir()
    (folder / "config.toml").write_text('[sentry]\ndsn = "https://hunter2@sentry.example/1"\n')
    said = "on: errors, and the times of 50% of actions, go to sentry.example:443"
    assert await doctor.sentry() == Finding(FINE, "sentry", said)
    monkeypatch.setenv("OPSTERM_SENTRY_DSN", "http://hunter2@other.example:9000/1")
    assert (await doctor.sentry()).text.endswith("other.example:9000")
    monkeypatch.setenv("OPSTERM_SENTRY_DSN", "")
    assert (await doctor.sentry()).glyph == OFF


async def test_reports_that_cannot_go_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSTERM_SENTRY_DSN", "https://hunter2")
    found = await doctor.sentry()
    assert found == Finding(
        FAILED, "sentry", "This is no DSN: nothing is reported.", "A DSN looks like https://KEY@HOST/PROJECT."
    )
    monkeypatch.setenv("OPSTERM_SENTRY_DSN", "http://hunter2@localhost:8969/1")
    found = await doctor.sentry()
    assert found.glyph == FAILED
    assert found.text == "opsterm does not report to itself (localhost:8969)."


async def test_a_broken_configuration_is_said_for_reports() -> None:
    folder = Path(os.environ["OPSTERM_CONFIG_DIR"])
    folder.mkdir()
    (folder / "config.toml").write_text("theme = ")
    found = await doctor.sentry()
    assert found.glyph == FAILED
    assert "config.toml: Invalid value" in found.text


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder by which the kernel shows that it has Bluetooth, and no bus."""
    folder = tmp_path / "bluetooth"
    folder.mkdir()
    monkeypatch.setattr(ports, "_BLUETOOTH", str(folder))
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    return folder


async def test_no_bluetooth(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.rmdir()
    monkeypatch.setattr(doctor, "find_spec", lambda _: None)
    found = await doctor.bluetooth()
    assert (found.glyph, found.todo) == (OFF, "pip install 'opsterm[ble]' for ble://")


@pytest.mark.skipif(sys.platform != "linux", reason="BlueZ is Linux's")
async def test_bluez_that_does_not_run(kernel: Path) -> None:
    assert await doctor.bluetooth() == Finding(
        LOOK, "bluetooth", "BlueZ is not running.", "Start it: sudo systemctl start bluetooth."
    )


@pytest.mark.skipif(sys.platform != "linux", reason="BlueZ is Linux's")
async def test_bluetooth_with_and_without_power(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.bluez import ADAPTER, Bus, FakeBluez  # noqa: PLC0415  Linux only

    bus = Bus(tmp_path)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    fake = FakeBluez(bus)
    await fake.begin()
    try:
        fake.add()
        assert await doctor.bluetooth() == Finding(
            FINE, "bluetooth", "1 adapter on, 1 paired device with a serial port"
        )
        fake.objects[ADAPTER]["org.bluez.Adapter1"]["Powered"] = False
        assert await doctor.bluetooth() == Finding(
            LOOK, "bluetooth", "No Bluetooth adapter is switched on.", "Try: bluetoothctl power on."
        )
    finally:
        await fake.end()
        bus.close()


async def test_a_terminal_that_can_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    assert (await doctor.terminal()).glyph == FAILED
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "36")
    found = await doctor.terminal()
    assert (found.glyph, found.todo) == (LOOK, "opsterm needs 40×8")


def test_a_finding_is_no_wider_than_a_terminal() -> None:
    rows = str(Finding(FAILED, "cluster", "word " * 30, "do " * 40)).splitlines()
    assert max(map(len, rows)) <= WIDTH
    assert rows[0].startswith("✖ cluster    word")
    assert all(row.startswith(" " * 13) for row in rows[1:])
    assert next(row for row in rows if "→" in row).startswith(" " * 13 + "→ do do")
    assert str(Finding(FAILED, "docker", "x" * 200)).split() == ["✖", "docker", "x" * 200]


@pytest.mark.parametrize(("glyph", "status"), [(FINE, 0), (LOOK, 0), (OFF, 0), (FAILED, 1)])
def test_only_what_failed_makes_the_status_1(
    glyph: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def examine() -> Sequence[Finding]:
        return [Finding(FINE, "terminal", "xterm"), Finding(glyph, "docker", "as it is")]

    monkeypatch.setattr(doctor, "examine", examine)
    assert doctor.run() == status
    assert capsys.readouterr().out.splitlines() == ["✓ terminal   xterm", f"{glyph} docker     as it is"]


@pytest.fixture
def forbidden_socket() -> Iterator[Path]:
    """A socket that this user, or root without its override of permissions, may not use."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        path = Path(folder, "engine.sock")
        Path(folder).chmod(0o755)
        server.bind(str(path))
        server.listen()
        path.chmod(0)
        yield path


def test_no_permission_as_a_program(forbidden_socket: Path) -> None:
    drop: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("needs setpriv, to be a user without permission")
        drop = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    done = subprocess.run(
        [*drop, sys.executable, "-m", "opsterm.tui.cli", "doctor"],
        env={**os.environ, "DOCKER_HOST": f"unix://{forbidden_socket}", "OPSTERM_ASCII": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"X docker     Permission denied: {forbidden_socket} (" in done.stdout
    assert "> Run: sudo usermod -aG " in done.stdout
    assert done.stdout.isascii()
