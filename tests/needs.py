"""What a test needs of the machine: an engine, a cluster, Bluetooth, a program.

A test without it is skipped and names it; where OPSTERM_REQUIRE lists it (`docker,kube,bluetooth`), the test fails.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_ENGINE = "/var/run/docker.sock"


def need(*names: str) -> None:
    """Skip the test, or fail it where that is required, unless the machine has each of `names`: `docker`, `kube`,
    `bluetooth`, or a program to be found on the PATH.
    """
    required = os.environ.get("OPSTERM_REQUIRE", "").split(",")
    for name in names:
        if lacking := _PARTS[name]() if name in _PARTS else _lacks_program(name):
            if name in required:
                pytest.fail(f"OPSTERM_REQUIRE asks for {name}: {lacking}", pytrace=False)
            pytest.skip(f"needs {name}: {lacking}")


def rig() -> Path | None:
    """The folder with the scripts that start real parts (OPSTERM_RIG, or `../shared/rig` beside this checkout)."""
    folder = Path(os.environ.get("OPSTERM_RIG") or ROOT.parent / "shared" / "rig").resolve()
    return folder if folder.is_dir() else None


@functools.cache
def _lacks_program(name: str) -> str:
    return "" if shutil.which(name) else "it is not on the PATH"


@functools.cache
def _lacks_docker() -> str:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as engine:
        engine.settimeout(5)
        try:
            engine.connect(_ENGINE)
            connection = http.client.HTTPConnection("engine")
            connection.sock = engine
            connection.request("GET", "/_ping")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"no engine answers at {_ENGINE} ({error})"
    return "" if status == http.HTTPStatus.OK else f"the engine at {_ENGINE} answers {status}"


@functools.cache
def _lacks_kube() -> str:
    if not (folder := rig()):
        return "there is no rig to start one"
    asked = subprocess.run([folder / "kube", "status"], capture_output=True, text=True, check=False)
    return "" if asked.returncode == 0 else (asked.stdout + asked.stderr).strip() or "no node is ready"


@functools.cache
def _lacks_bluetooth() -> str:
    if not rig():
        return "there is no rig to start one"
    kernel = Path(os.environ.get("RIG") or "~/.cache/opsterm-rig").expanduser() / "vm" / "vmlinuz"
    if not kernel.exists() or not shutil.which("qemu-system-x86_64"):
        return "its virtual machine is not installed (bluetooth install)"
    return ""


_PARTS = {"docker": _lacks_docker, "kube": _lacks_kube, "bluetooth": _lacks_bluetooth}
