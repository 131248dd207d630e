"""The phone: one RFCOMM connection, and its bytes on standard input and output.

Run by a Python that has Bluetooth sockets, with `connect LOCAL REMOTE CHANNEL` or `listen LOCAL CHANNEL`. It says
`ready` on standard error when it listens, `open` when it is connected; the end of its input ends it.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys


def main() -> None:
    how, local, *rest = sys.argv[1:]
    with socket.socket(socket.AF_BLUETOOTH, socket.SOCK_STREAM, socket.BTPROTO_RFCOMM) as line:
        if how == "connect":
            line.bind((local, 0))
            line.connect((rest[0], int(rest[1])))
            copy(line)
        else:
            line.bind((local, int(rest[0])))
            line.listen(1)
            say("ready")
            connected, _ = line.accept()
            with connected:
                copy(connected)


def copy(line: socket.socket) -> None:
    say("open")
    with selectors.DefaultSelector() as selector:
        selector.register(line, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == 0:
                    data = os.read(0, 65536)
                    if not data:
                        return
                    line.sendall(data)
                else:
                    data = line.recv(65536)
                    if not data:
                        return
                    os.write(1, data)


def say(word: str) -> None:
    print(word, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
