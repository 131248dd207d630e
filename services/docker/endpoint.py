"""Where the Docker engine is: DOCKER_HOST, the context, its certificates, as the docker command finds them."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import aiohttp

from opsterm.services.docker.errors import BadEndpointError
from opsterm.services.text import clean


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An engine's address. `url` is what the user knows it by; `path` is its socket, where it has one."""

    url: str
    base: str
    path: str = ""
    tls: ssl.SSLContext | None = None

    def connector(self) -> aiohttp.BaseConnector:
        """A new connector; belongs to the loop that runs."""
        if self.path:
            return aiohttp.UnixConnector(self.path)
        return aiohttp.TCPConnector(ssl=self.tls) if self.tls else aiohttp.TCPConnector()


async def resolve(environment: Mapping[str, str] = os.environ) -> Endpoint:
    """The engine that `environment` and the docker configuration name. Raises BadEndpointError; connects nowhere."""
    return await asyncio.to_thread(_resolve, dict(environment))


def _resolve(environment: dict[str, str]) -> Endpoint:
    from docker.context import ContextAPI  # noqa: PLC0415  heavy: imported in the thread that needs it
    from docker.context.config import get_current_context_name  # noqa: PLC0415
    from docker.utils import kwargs_from_env, parse_host  # noqa: PLC0415

    parse: Callable[..., str] = parse_host  # its types know no address

    try:
        found = cast(dict[str, Any], kwargs_from_env(environment=environment))
        if "base_url" not in found:
            name = environment.get("DOCKER_CONTEXT") or get_current_context_name()
            context = ContextAPI.kwargs_from_context(environment=environment)
            if name != "default" and not context:
                raise BadEndpointError(f"No Docker context {name}.", "docker context ls shows the names.")
            found = context | found
        host = parse(found.get("base_url"), tls=bool(found.get("tls")))
        tls = found.get("tls")
        return _endpoint(host, _tls(tls) if tls else None)
    except BadEndpointError:
        raise
    except Exception as error:  # docker-py has no narrower one for a broken context
        why = clean(str(error)).rstrip(".")
        hint = "See DOCKER_HOST and docker context."
        raise BadEndpointError(f"The Docker settings cannot be used: {why}.", hint) from error


def _endpoint(host: str, tls: ssl.SSLContext | None) -> Endpoint:
    if host.startswith(("unix://", "http+unix://")):
        path = "/" + host.partition("://")[2].lstrip("/")
        return Endpoint(f"unix://{path}", "http://docker", path)
    if host.startswith("ssh://"):
        raise BadEndpointError(
            f"{host}: an engine behind ssh is not reached directly.",
            "Forward its socket (ssh -L /tmp/docker.sock:/var/run/docker.sock HOST) and set DOCKER_HOST.",
        )
    if not host.startswith(("http://", "https://")):
        raise BadEndpointError(f"{host}: no address of a Docker engine.", "Use unix:// or tcp://.")
    return Endpoint("tcp://" + host.partition("://")[2], host, tls=tls)


def _tls(found: Any) -> ssl.SSLContext:
    """The certificates that docker-py found, as the standard library takes them."""
    context = ssl.create_default_context(cafile=found.ca_cert)
    if found.cert:
        context.load_cert_chain(*found.cert)
    if found.verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
