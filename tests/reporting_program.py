"""The program with tabs that fail on purpose and report it, run as `python -m tests.reporting_program FOLDER`.

Each key of `FAILURES` fails in another place. Whatever is secret is in the local variables, in the text of the error,
and in the log. At its end the program writes down which modules it has loaded.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from opsterm.screens.pods import LogRequest, PodsScreen
from opsterm.screens.tabs import Tab
from opsterm.services.kube.service import PodService
from opsterm.services.telemetry.reports import reports
from opsterm.tui.app import OpsTerm
from opsterm.tui.config import Config, SentryConfig
from opsterm.tui.demo.cluster import Cluster
from opsterm.tui.demo.cluster_life import Process
from opsterm.tui.memory import Memory
from tests.screens.frame_app import LinesScreen, TestService

FAILURES = {
    "H": "handler",
    "T": "timer",
    "Y": "fatal_worker",
    "W": "worker",
    "S": "service",
    "Z": "callback",
    "X": "task",
}


class ReportingScreen(LinesScreen):
    """Fails as it is asked to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, name, name, id=f"reporting.{name}", tooltip="Fail") for key, name in FAILURES.items()
    ]

    def on_mount(self) -> None:
        super().on_mount()
        self._kept: list[asyncio.Task[None]] = []

    def action_handler(self) -> None:
        with reports.action("open port"), reports.child("connect"):
            fail()

    def action_timer(self) -> None:
        self.set_timer(0.001, fail)

    def action_fatal_worker(self) -> None:
        self.run_worker(work())

    def action_worker(self) -> None:
        self.run_worker(work(), exit_on_error=False)

    def action_service(self) -> None:
        self.service._live_on(work(), "works")

    def action_callback(self) -> None:
        asyncio.get_running_loop().call_soon(fail)

    def action_task(self) -> None:
        asyncio.create_task(work())  # noqa: RUF006  nobody waits for it, which is the point


def fail() -> None:
    kubeconfig = {"users": [{"user": {"token": os.environ["CANARY_TOKEN"]}}]}
    headers = {"Authorization": f"Bearer {os.environ['CANARY_HEADER']}"}
    line, payload = os.environ["CANARY_LOG"], os.environ["CANARY_SERIAL"].encode()
    path = Path.home() / os.environ["CANARY_FILE"]
    logging.getLogger("opsterm").error("pod says %s to %s for %s", line, path, headers)
    try:
        path.read_text()
    except OSError as error:
        raise ValueError(f"{kubeconfig} {headers} {line} {payload!r} {path} {os.environ['CANARY_ENV']}") from error


async def work() -> None:
    fail()


async def talk(process: Process) -> int:
    while not await process.wait(0.05):
        process.write(f"GET /cart {os.environ['CANARY_LOG']}")
    return 0


async def main(folder: Path) -> int:
    config = Config(sentry=SentryConfig(traces_sample_rate=1.0))
    async with Cluster() as cluster:
        cluster.add_pod("web", programs={"app": talk})
        service = PodService(files=[cluster.kubeconfig])
        tabs = [Tab("lines", "Lines", "f1", TestService), Tab("pods", "Pods", "f2", lambda: service)]
        screens: dict[str, Callable[[Tab], LinesScreen | PodsScreen]] = {
            "lines": ReportingScreen,
            "pods": lambda tab: PodsScreen(tab, LogRequest(pod="web")),
        }
        app = OpsTerm(tabs, screens, config, Memory(folder), front="lines")
        await app.run_async()
    (folder / "modules").write_text("\n".join(sys.modules))
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
