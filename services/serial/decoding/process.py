"""The process of one decoder, and what is said to it and by it. Everything here blocks, for a limited time."""

from __future__ import annotations

import marshal
import os
import re
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from signal import SIGUSR1
from typing import Any

from opsterm.services.serial.decoding.code import Code, DecoderError

START_SECONDS = 10.0
"""In which a decoder must be loaded, with all that it imports."""
LINE_SECONDS = 2.0
"""In which one line must be decoded."""
_DUMP_SECONDS = 0.3
_CHILD = str(Path(__file__).with_name("child.py"))
_MAX_REPLY = 64 * 1024 * 1024


class DecoderProcess:
    """Runs `child.py`. Raises DecoderError where no process can be made."""

    def __init__(self, code: Code) -> None:
        self._label = code.label
        try:
            # A session of its own: ctrl+c in the terminal is not meant for it, and it has no terminal to write to.
            self._process = subprocess.Popen(
                [sys.executable, "-P", _CHILD],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise DecoderError(f"{code.label}: no process for it, {error.strerror}") from None
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._pipes = [pipe for pipe in pipes if pipe is not None]
        self._asks, self._answers, self._says = (pipe.fileno() for pipe in self._pipes)
        os.set_blocking(self._asks, False)
        self._first = ([str(place) for place in sys.path], code.label, code.source)

    def load(self) -> None:
        """Have it load the decoder. Raises DecoderError."""
        fault = self._exchange(self._first, START_SECONDS)
        if fault:
            raise DecoderError(str(fault))

    def decode(self, records: object) -> Any:
        """The answer to `records`. Raises DecoderError when there is none: it hangs, has ended, or is out of step."""
        return self._exchange(records, LINE_SECONDS)

    def kill(self) -> None:
        """End it at once; from any thread, and again."""
        self._process.kill()

    def close(self) -> None:
        """End it and give everything back."""
        self.kill()
        self._process.wait()
        for pipe in self._pipes:
            pipe.close()

    def _exchange(self, request: Any, seconds: float) -> Any:
        data = marshal.dumps(request)
        try:
            self._write(len(data).to_bytes(4, "little") + data, time.monotonic() + seconds)
            deadline = time.monotonic() + seconds
            size = int.from_bytes(self._read(4, deadline), "little")
            if size > _MAX_REPLY:
                raise DecoderError(f"{self._label}: answered rubbish")
            return marshal.loads(self._read(size, deadline))  # noqa: S302  it has our rights anyway
        except TimeoutError:
            raise DecoderError(f"{self._where()}: no answer within {seconds:g} s, ended") from None
        except (EOFError, BrokenPipeError):
            raise DecoderError(f"{self._label}: {self._end()}") from None
        except (ValueError, TypeError):
            raise DecoderError(f"{self._label}: answered rubbish") from None

    def _write(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        while rest:
            _wait(self._asks, select.POLLOUT, deadline)
            with suppress(BlockingIOError):
                rest = rest[os.write(self._asks, rest) :]

    def _read(self, size: int, deadline: float) -> bytes:
        got = bytearray()
        while len(got) < size:
            _wait(self._answers, select.POLLIN, deadline)
            data = os.read(self._answers, min(size - len(got), 1 << 20))
            if not data:
                raise EOFError
            got += data
        return bytes(got)

    def _where(self) -> str:
        """The label and, if the process can still tell, the line at which it is."""
        place = re.compile(rb'File "' + re.escape(os.fsencode(self._label)) + rb'", line ([0-9]+)')
        said = b""
        deadline = time.monotonic() + _DUMP_SECONDS
        with suppress(TimeoutError):
            self._process.send_signal(SIGUSR1)
            while True:
                _wait(self._says, select.POLLIN, deadline)
                data = os.read(self._says, 4096)
                said += data
                if found := place.search(said):
                    return f"{self._label} line {int(found[1])}"
                if not data:
                    break
        return self._label

    def _end(self) -> str:
        """How it ended, in words."""
        status = self._process.poll()
        if status is None:
            self._process.kill()  # it only closed its side
            status = self._process.wait()
        if status < 0:
            return f"killed by signal {-status}"
        said = b""
        with suppress(TimeoutError):
            _wait(self._says, select.POLLIN, 0)
            said = os.read(self._says, 65536)  # where Python itself did not get as far as the decoder
        why = said.decode(errors="replace").splitlines()[-1:]
        return ", ".join([f"ended itself with status {status}", *why])


def _wait(descriptor: int, event: int, deadline: float) -> None:
    """Return when `descriptor` is ready. Raises TimeoutError."""
    poll = select.poll()
    poll.register(descriptor, event)
    if not poll.poll(max(0, deadline - time.monotonic()) * 1000):
        raise TimeoutError
