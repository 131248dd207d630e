"""Sending the bytes of a file as they are."""

from __future__ import annotations

import os
from pathlib import Path

from opsterm.services.serial.service import SerialService
from opsterm.services.serial.transfer.channel import PIECE_BYTES, Channel
from opsterm.services.serial.transfer.files import open_regular, unreadable
from opsterm.services.serial.transfer.protocol import Protocol
from opsterm.services.serial.transfer.transfer import Transfer
from opsterm.services.threads import in_thread

_READ_BYTES = 256 * 1024
_LEAST_BYTES = 64
_BITS = 10
"""On the wire for a byte: start, eight, stop."""
_STEP_SECONDS = 0.25
"""At most so long is a piece on a slow line, so that progress is seen and cancelling is felt."""


class RawSend(Transfer):
    """Sends a file without any protocol. `done` is what the kernel has taken; what comes in stays lines."""

    def __init__(self, service: SerialService, path: Path) -> None:
        super().__init__(service, path.name, Protocol.RAW)
        self._path = path

    async def _work(self, channel: Channel) -> None:
        piece = self._piece_bytes(channel)
        try:
            file = await in_thread(lambda: open_regular(self._path), f"open {self.name}", lambda late: late.close())
            with file:
                self.total = os.fstat(file.fileno()).st_size
                while block := await in_thread(lambda: file.read(_READ_BYTES), f"read {self.name}"):
                    for start in range(0, len(block), piece):
                        data = block[start : start + piece]
                        await channel.send(data)
                        self.done += len(data)
        except OSError as error:
            raise unreadable(self._path, error) from error

    def _piece_bytes(self, channel: Channel) -> int:
        settings = self._service.settings
        if settings is None or not channel.rate_known:
            return PIECE_BYTES
        return min(PIECE_BYTES, max(_LEAST_BYTES, int(settings.baud / _BITS * _STEP_SECONDS)))
