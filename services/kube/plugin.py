"""Login programs: the `exec` part of a kubeconfig user.

We run them ourselves because they must not get the terminal that the screen is drawn on. Protocol: ExecCredential of
client.authentication.k8s.io.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from opsterm.services.kube.errors import LoginError

TIMEOUT = 60.0
_GOODBYE = 0.5  # seconds for which an ended program is waited for
_EARLY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a login program gave: a bearer token, or a client certificate and key (PEM)."""

    token: str = ""
    certificate: str = ""
    key: str = ""
    expires: datetime | None = None

    @property
    def fresh(self) -> bool:
        """Whether it holds for a minute more."""
        return self.expires is None or self.expires - _EARLY > datetime.now(UTC)


class Plugin:
    """One login program. Whoever asks while it runs gets the same answer; the answer is kept until it expires."""

    def __init__(self, spec: dict[str, Any], cluster: dict[str, Any], timeout: float = TIMEOUT) -> None:
        self._spec = spec
        self._cluster = cluster
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._kept: Credential | None = None

    async def credential(self, *, renew: Credential | None = None) -> Credential:
        """The credential, from the program if need be. `renew` is one that the server refused. Raises LoginError."""
        async with self._lock:
            if self._kept is None or self._kept is renew or not self._kept.fresh:
                self._kept = await self._run()
            return self._kept

    async def _run(self) -> Credential:
        command = str(self._spec.get("command") or "")
        if not shutil.which(command):
            hint = str(self._spec.get("installHint") or "Install it, or put it on the PATH.")
            raise LoginError(f"Login program {command or '(none)'} not found.", hint)
        arguments = [str(part) for part in self._spec.get("args") or []]
        try:
            process = await asyncio.create_subprocess_exec(
                command,
                *arguments,
                env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise LoginError(f"Login program {command} does not start: {error.strerror}.") from None
        try:
            async with asyncio.timeout(self._timeout):
                out, err = await process.communicate()
        except TimeoutError:
            raise LoginError(f"Login program {command} gave no answer within {self._timeout:g} s.") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(
                        process.pid, signal.SIGKILL
                    )  # with all that it started, which would keep its pipes open
                await process.wait()
        if process.returncode:
            said = err.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise LoginError(
                f"Login program {command} failed ({process.returncode}): {said[0]}.", "Run it in a shell."
            )
        return _parse(command, out)

    def _environment(self) -> dict[str, str]:
        info: dict[str, Any] = {
            "apiVersion": self._spec.get("apiVersion", "client.authentication.k8s.io/v1"),
            "kind": "ExecCredential",
            "spec": {"interactive": False},
        }
        if self._spec.get("provideClusterInfo"):
            info["spec"]["cluster"] = {
                key: value
                for key, value in self._cluster.items()
                if key in ("server", "tls-server-name", "proxy-url")
            }
        given = {str(pair["name"]): str(pair.get("value", "")) for pair in self._spec.get("env") or []}
        return {**os.environ, **given, "KUBERNETES_EXEC_INFO": json.dumps(info)}


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a program and all that it started: whatever it leaves behind would hold its output open."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GOODBYE):
            await process.wait()


def _parse(command: str, out: bytes) -> Credential:
    try:
        status = json.loads(out)["status"]
        until = status.get("expirationTimestamp")
        expires = datetime.fromisoformat(until) if until else None
        found = Credential(
            str(status.get("token") or "").strip(),
            str(status.get("clientCertificateData") or ""),
            str(status.get("clientKeyData") or ""),
            expires if expires is None or expires.tzinfo else expires.replace(tzinfo=UTC),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LoginError(f"Login program {command} printed no ExecCredential.", "Run it in a shell.") from None
    if not found.token and not (found.certificate and found.key):
        raise LoginError(f"Login program {command} gave neither a token nor a certificate.")
    return found
