"""Sending a file: raw, or in blocks that the other side asks for and acknowledges."""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path

from opsterm.services.serial.service import SerialService
from opsterm.services.serial.transfer.blocks import LONG_BYTES, SHORT_BYTES, Sender
from opsterm.services.serial.transfer.blockwise import Blockwise
from opsterm.services.serial.transfer.files import open_regular, unreadable
from opsterm.services.serial.transfer.protocol import Protocol
from opsterm.services.serial.transfer.raw import RawSend
from opsterm.services.serial.transfer.transfer import Transfer
from opsterm.services.serial.transfer.wire import Wire
from opsterm.services.serial.transfer.ymodem import LAST, Header, header_block

_END_SECONDS = 10.0


def send_file(service: SerialService, path: Path, protocol: Protocol) -> Transfer:
    """The transfer that sends `path`; `run` begins it."""
    return RawSend(service, path) if protocol is Protocol.RAW else BlockSend(service, path, protocol)


class BlockSend(Blockwise):
    """Sends a file by XMODEM or YMODEM. `done` is what the receiver has acknowledged."""

    def __init__(self, service: SerialService, path: Path, protocol: Protocol) -> None:
        super().__init__(service, path.name, protocol)
        self._path = path

    def _transfer(self, wire: Wire, block_seconds: float) -> None:
        try:
            with open_regular(self._path) as file:
                self.total = os.fstat(file.fileno()).st_size
                self._send(Sender(wire, block_seconds), file)
        except OSError as error:
            raise unreadable(self._path, error) from error
        self.done = self.total

    def _send(self, sender: Sender, file: BufferedReader) -> None:
        is_short = self.protocol in (Protocol.XMODEM, Protocol.XMODEM_CRC)
        block_bytes = SHORT_BYTES if is_short else LONG_BYTES

        def progress(blocks: int) -> None:
            self.done = min(blocks * block_bytes, self.total)

        if self.protocol is Protocol.YMODEM:
            name = os.fsencode(self._path.name)
            sender.send_block(header_block(Header(name, self.total)), sender.wait_invited())
        sender.send(file, block_bytes, progress)
        # Some receivers take one file and ask for no other; it has been acknowledged all the same.
        if self.protocol is Protocol.YMODEM and (check := sender.invited(_END_SECONDS)):
            sender.send_last(LAST, check)
