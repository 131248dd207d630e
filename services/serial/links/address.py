"""Host and port as they stand in a URL."""

from __future__ import annotations

from urllib.parse import urlsplit

from opsterm.services.serial.errors import BadSettingError


def host_and_port(url: str) -> tuple[str, int]:
    """Host and port number of `url`, such as `socket://[::1]:2000`. Raises BadSettingError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        scheme = url.partition(":")[0]
        raise BadSettingError(f"Invalid address '{url}'.", f"Write it as {scheme}://HOST:PORT.")
    return host, port


def shown(host: str, port: int) -> str:
    """The two as they are written: `127.0.0.1:2000`, `[::1]:2000`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
