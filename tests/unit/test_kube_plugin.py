"""Login programs: what they get, how often they run, and what is said when they fail."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsterm.services.kube.errors import LoginError
from opsterm.services.kube.plugin import Plugin
from tests.waiting import until

V1 = "client.authentication.k8s.io/v1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def program(folder: Path, script: str) -> str:
    """A login program that notes each run in `runs`."""
    file = folder / "login"
    file.write_text(f"#!/bin/sh\necho run >>{folder}/runs\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def answer(token: str, seconds: float | None = None) -> str:
    """Shell that prints a credential with `token`, good for `seconds`."""
    status: dict[str, Any] = {"token": token}
    if seconds is not None:
        status["expirationTimestamp"] = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    said = json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status})
    return f"printf '%s' '{said}'"


def runs(folder: Path) -> int:
    """How often the program ran."""
    return len((folder / "runs").read_text().splitlines())


async def test_all_who_ask_at_once_share_one_run(folder: Path) -> None:
    plugin = Plugin({"command": program(folder, f"sleep 0.1; {answer('one')}")}, {})
    found = await asyncio.gather(*(plugin.credential() for _ in range(20)))
    assert {credential.token for credential in found} == {"one"}
    assert runs(folder) == 1


async def test_it_runs_again_when_the_credential_expires_and_not_before(folder: Path) -> None:
    lasting = Plugin({"command": program(folder, answer("lasting", 3600))}, {})
    await lasting.credential()
    await lasting.credential()
    assert runs(folder) == 1
    short = Plugin({"command": program(folder, answer("short", 30))}, {})  # a minute's margin: expired at once
    await short.credential()
    await short.credential()
    assert runs(folder) == 3


async def test_a_refused_credential_is_renewed_once_for_all(folder: Path) -> None:
    plugin = Plugin({"command": program(folder, answer("one"))}, {})
    refused = await plugin.credential()
    await asyncio.gather(*(plugin.credential(renew=refused) for _ in range(5)))
    assert runs(folder) == 2


async def test_it_gets_no_terminal_and_is_told_so(folder: Path) -> None:
    script = f'cat >{folder}/input; printf "%s" "$KUBERNETES_EXEC_INFO" >{folder}/info; {answer("x")}'
    spec = {"command": program(folder, script), "apiVersion": V1, "provideClusterInfo": True}
    await Plugin(spec, {"server": "https://dev", "certificate-authority": "/ca"}).credential()
    assert (folder / "input").read_bytes() == b""
    told = json.loads((folder / "info").read_text())
    assert told == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": {"server": "https://dev"}},
    }


async def test_its_arguments_and_environment_are_those_of_the_kubeconfig(folder: Path) -> None:
    spec = {
        "command": program(folder, f'echo "$1 $WHO" >{folder}/seen; {answer("x")}'),
        "args": ["get-token"],
        "env": [{"name": "WHO", "value": "viewer"}],
    }
    await Plugin(spec, {}).credential()
    assert (folder / "seen").read_text() == "get-token viewer\n"


async def test_its_last_words_are_shown(folder: Path) -> None:
    plugin = Plugin({"command": program(folder, "echo first >&2; printf 'log in \\033[31magain' >&2; exit 3")}, {})
    with pytest.raises(LoginError) as failed:
        await plugin.credential()
    assert failed.value.reason == f"Login program {folder}/login failed (3): log in again."


@pytest.mark.parametrize("script", ["true", "echo nonsense", "echo '{}'", "echo '[1]'", """echo '{"status":{}}'"""])
async def test_what_is_no_credential_is_refused(folder: Path, script: str) -> None:
    with pytest.raises(LoginError, match=r"printed no ExecCredential|neither a token nor a certificate"):
        await Plugin({"command": program(folder, script)}, {}).credential()


async def test_one_that_is_not_there_is_named_with_how_to_get_it(folder: Path) -> None:
    with pytest.raises(LoginError) as failed:
        await Plugin({"command": "no-such-login", "installHint": "Get it from us."}, {}).credential()
    assert str(failed.value) == "Login program no-such-login not found. Get it from us."


async def test_one_that_hangs_is_ended_with_all_it_started(folder: Path) -> None:
    plugin = Plugin({"command": program(folder, f"echo $$ >{folder}/pid; sleep 600; true")}, {}, timeout=0.3)
    with pytest.raises(LoginError, match=r"gave no answer within 0\.3 s"):
        await plugin.credential()
    group = int((folder / "pid").read_text())
    # A signal was sent to all of them; each ends when it next gets a turn.
    await until(lambda: not any(_group_of(entry) == group for entry in Path("/proc").glob("[0-9]*")), "all are gone")


async def test_a_failed_run_is_not_kept(folder: Path) -> None:
    plugin = Plugin({"command": program(folder, f"test -e {folder}/open || exit 1; {answer('in')}")}, {})
    with pytest.raises(LoginError):
        await plugin.credential()
    (folder / "open").touch()
    assert (await plugin.credential()).token == "in"


def _group_of(process: Path) -> int:
    """The process group of a running process; 0 for one that is gone or ended."""
    try:
        state, _, group = (process / "stat").read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return 0
    return 0 if state == "Z" else int(group)
