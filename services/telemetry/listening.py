"""The sockets that the receiver listens on: this machine's own addresses and no others."""

from __future__ import annotations

import errno
import socket
import sys

from opsterm.services.telemetry.errors import NoListeningError, PortTakenError

_BACKLOG = 128
_TRIES = 10
_NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL, errno.EPROTONOSUPPORT)


def listening_sockets(port: int) -> list[socket.socket]:
    """Sockets on 127.0.0.1 and, where this machine has it, on ::1; with port 0 on one that is free on both.

    Raises PortTakenError, without saying by whom, or NoListeningError.
    """
    for _ in range(_TRIES if port == 0 else 1):
        first = _listen(socket.AF_INET, "127.0.0.1", port)
        try:
            second = _listen(socket.AF_INET6, "::1", first.getsockname()[1])
        except PortTakenError:
            first.close()
            if port:
                raise
        except OSError as error:
            if error.errno in _NO_IPV6:
                return [first]
            first.close()
            raise _refused(port, error) from None
        except BaseException:
            first.close()
            raise
        else:
            return [first, second]
    raise PortTakenError("No port is free.")


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        made.listen(_BACKLOG)
        made.setblocking(False)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(f"Port {port} is taken.", "Start with --port.") from None
        if family == socket.AF_INET6:
            raise
        raise _refused(port, error) from None
    except OverflowError:
        made.close()
        raise NoListeningError(f"There is no port {port}.", "Ports go from 1 to 65535.") from None
    return made


def _refused(port: int, error: OSError) -> NoListeningError:
    return NoListeningError(f"Port {port} cannot be opened: {error.strerror or error}.", "Start with --port.")
