"""From a context to a connection: server, TLS, and headers that say who we are.

Certificates and tokens are read by the configuration loader of the `kubernetes` package, in a thread, because its
import and its file and network access block. It gets the configuration without its `exec` part, which `plugin.py`
runs.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opsterm.services.kube.config import Context
from opsterm.services.kube.errors import KubeError, LoginError
from opsterm.services.kube.plugin import Credential, Plugin
from opsterm.services.threads import in_thread

Headers = Callable[[bool], Awaitable[dict[str, str]]]
"""Gives the headers of a request; True asks for a fresh login: the server refused the last. Raises LoginError."""

IN_CLUSTER = "in-cluster"
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_REREAD = 60.0


@dataclass(frozen=True, slots=True)
class Connection:
    """How to talk to one cluster. `tls` is None for plain http; `server_name` is the name in the certificate, where
    it differs from that in the URL.
    """

    context: str
    server: str
    tls: ssl.SSLContext | None
    headers: Headers
    namespace: str = "default"
    server_name: str | None = None
    proxy: str | None = None

    @property
    def where(self) -> str:
        """Context and address, as messages name it: `dev (10.0.0.1:6443)`."""
        return f"{self.context} ({urlsplit(self.server).netloc})"


async def connect(context: Context) -> Connection:
    """Prepare the connection of `context`; nothing is sent to the cluster yet. Raises LoginError."""
    user = dict(context.user)
    spec = user.pop("exec", None)
    plugin = Plugin(spec, context.cluster) if isinstance(spec, dict) else None
    credential = await plugin.credential() if plugin else None
    settings = await _in_thread(_from_kubeconfig, context, user)
    tls = await _in_thread(_tls, settings, credential)
    headers = _plugin_headers(plugin) if plugin else _settings_headers(settings, user.get("tokenFile"))
    return Connection(
        context.name,
        str(settings.host),
        tls,
        headers,
        context.namespace,
        settings.tls_server_name or None,
        settings.proxy or None,
    )


def in_cluster_available() -> bool:
    """Whether this process runs in a pod with a service account."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and (_ACCOUNT / "token").is_file()


async def connect_in_cluster() -> Connection:
    """The connection of the pod that this process runs in. Raises LoginError."""
    settings = await _in_thread(_from_service_account)
    tls = await _in_thread(_tls, settings, None)
    namespace = _ACCOUNT / "namespace"
    return Connection(
        IN_CLUSTER,
        str(settings.host),
        tls,
        _settings_headers(settings, None),
        namespace.read_text().strip() if namespace.is_file() else "default",
    )


async def _in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return await in_thread(partial(work, *arguments), "kubernetes login")
    except KubeError:
        raise
    except Exception as error:  # the loader raises whatever its parsers and clients raise
        raise LoginError(
            f"Credentials cannot be read: {error}.", "Put the kubeconfig right, then try again."
        ) from error


def _from_kubeconfig(context: Context, user: dict[str, Any]) -> Any:
    from kubernetes.client import Configuration  # noqa: PLC0415  a fifth of a second, in this thread only
    from kubernetes.config import load_kube_config_from_dict  # noqa: PLC0415

    settings = Configuration()
    settings.proxy = None  # the environment is aiohttp's to read
    merged = {
        "current-context": context.name,
        "contexts": [{"name": context.name, "context": {"cluster": "cluster", "user": "user"}}],
        "clusters": [{"name": "cluster", "cluster": context.cluster}],
        "users": [{"name": "user", "user": user}],
    }
    load: Callable[..., None] = load_kube_config_from_dict
    load(merged, client_configuration=settings, persist_config=False)
    return settings


def _from_service_account() -> Any:
    from kubernetes.client import Configuration  # noqa: PLC0415
    from kubernetes.config import load_incluster_config  # noqa: PLC0415

    settings = Configuration()
    settings.proxy = None
    load: Callable[..., None] = load_incluster_config
    load(client_configuration=settings)
    return settings


def _tls(settings: Any, credential: Credential | None) -> ssl.SSLContext | None:
    if not str(settings.host).startswith("https"):
        return None
    context = ssl.create_default_context(cafile=settings.ssl_ca_cert or None)
    # Python 3.13 wants key identifiers that many clusters' own authorities lack; kubectl does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not settings.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if credential and credential.certificate:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:  # mode 0600; ssl only reads files
            file.write(f"{credential.certificate}\n{credential.key}\n")
            file.flush()
            context.load_cert_chain(file.name)
    elif settings.cert_file:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    return context


def _plugin_headers(plugin: Plugin) -> Headers:
    last: Credential | None = None

    async def headers(fresh: bool) -> dict[str, str]:
        nonlocal last
        last = await plugin.credential(renew=last if fresh else None)
        return {"Authorization": f"Bearer {last.token}"} if last.token else {}

    return headers


def _settings_headers(settings: Any, token_file: str | None) -> Headers:
    kept: dict[str, str] = {}
    read_at = -_REREAD
    lock = asyncio.Lock()

    def read() -> dict[str, str]:
        if token_file:
            return {"Authorization": f"Bearer {Path(token_file).read_text().strip()}"}
        key = settings.get_api_key_with_prefix("BearerToken", "authorization")
        return {"Authorization": " ".join(str(key).split())} if key else {}

    async def headers(fresh: bool) -> dict[str, str]:
        nonlocal kept, read_at
        async with lock:
            if fresh or time.monotonic() - read_at >= _REREAD:
                kept = await _in_thread(read)
                read_at = time.monotonic()
            return kept

    return headers
