"""Reading a port on a thread of its own, so that no busy loop costs a byte or a true time of arrival."""

from __future__ import annotations

import os
import selectors
import sys
import threading
from collections.abc import Callable

from opsterm.services.serial.clock import Clock
from opsterm.services.serial.inbox import Chunk, Inbox

__all__ = ["Chunk", "Reader"]

_READ_BYTES = 64 * 1024
_BATCH_BYTES = 32 * 1024
"""What is read before the loop hears of it, if so much is there: a terminal gives 4 KiB at a time."""
_MORE_BYTES = 2048
"""A read that gives less has emptied the port: asking again would cost a turn at the interpreter's lock."""
_SWITCH_SECONDS = 0.0005
"""How soon a busy loop lets a reader run; with the usual 5 ms a device at 1.2 MB/s overruns the kernel's buffer."""


class _Quick:
    """The interpreter's switch interval while any reader runs."""

    def __init__(self) -> None:
        self._readers = 0
        self._usual = 0.0

    def enter(self) -> None:
        self._readers += 1
        if self._readers == 1:
            self._usual = sys.getswitchinterval()
            sys.setswitchinterval(min(_SWITCH_SECONDS, self._usual))

    def leave(self) -> None:
        self._readers -= 1
        if not self._readers:
            sys.setswitchinterval(self._usual)


_quick = _Quick()


class Reader:
    """A thread that reads `fd` and hands the chunks to `received` on the loop, in batches. `fd` will not block.

    When the device is gone `ended` is called, once, with the error of the system or None for an end of file, and
    after everything that was read. Neither is called after `stop`.
    """

    def __init__(
        self,
        fd: int,
        clock: Clock,
        received: Callable[[list[Chunk]], None],
        ended: Callable[[OSError | None], None],
    ) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._clock = clock
        self._inbox = Inbox(received, ended)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="serial reader", daemon=True)
        _quick.enter()
        self._thread.start()

    def hold(self, held: bool) -> None:
        """Hand over nothing while `held`. Reading goes on, and stops only when 64 MiB are waiting."""
        self._inbox.hold(held)

    def stop(self) -> None:
        """Have the thread end; returns at once and may be called again."""
        if not self._inbox.stopped:
            self._inbox.stop()
            os.close(self._stop_write)  # its other end becomes readable, which ends the thread's wait
            _quick.leave()

    def join(self) -> None:
        """Wait for the thread. Only after that may the file descriptor be closed; blocks for a moment."""
        self._thread.join()

    def rest(self) -> list[Chunk]:
        """What was read and not handed over when the reader was stopped; for after `join`."""
        return self._inbox.rest()

    def _run(self) -> None:
        # poll() is broken for terminals on macOS, select() cannot look beyond descriptor 1023.
        selector = selectors.SelectSelector() if sys.platform == "darwin" else selectors.PollSelector()
        selector.register(self._fd, selectors.EVENT_READ)
        selector.register(self._stop_read, selectors.EVENT_READ)
        failure: OSError | None = None
        try:
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._stop_read in ready:
                    return
                if not self._read():
                    break
        except OSError as error:
            failure = error
        finally:
            selector.close()
            os.close(self._stop_read)
        self._inbox.end(failure)

    def _read(self) -> bool:
        """Read what is there and hand it over; False at the end of the file."""
        chunks: list[Chunk] = []
        size = 0
        try:
            while size < _BATCH_BYTES:
                data = os.read(self._fd, _READ_BYTES)
                if not data:
                    return bool(chunks)  # an end is one only where something was said to be there
                chunks.append((self._clock.now(), data))
                size += len(data)
                if len(data) < _MORE_BYTES:
                    break
        except (BlockingIOError, InterruptedError):
            pass
        finally:
            if chunks:
                self._inbox.put_all(chunks)
        return True
