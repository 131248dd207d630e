"""Receiving files in blocks, into one folder and never over a file that is there."""

from __future__ import annotations

import os
from pathlib import Path

from opsterm.services.serial.service import SerialService
from opsterm.services.serial.transfer.blocks import Receiver
from opsterm.services.serial.transfer.blockwise import Blockwise
from opsterm.services.serial.transfer.files import ReceivedFile
from opsterm.services.serial.transfer.protocol import Protocol
from opsterm.services.serial.transfer.wire import Wire
from opsterm.services.serial.transfer.ymodem import Header, parse_header
from opsterm.services.text import clean


class BlockReceive(Blockwise):
    """Receives by XMODEM one file, that gets `name`; by YMODEM as many as there are, under their own names.

    A name that is taken gets a number. By XMODEM a file ends with padding: nothing tells where it really ended.
    `files` are those that are complete; `done` and `total` are of the one that is on its way.
    """

    verb = "received"

    def __init__(self, service: SerialService, folder: Path, protocol: Protocol, name: str = "received.bin") -> None:
        super().__init__(service, "a file" if protocol.has_names else name, protocol)
        self.files: list[Path] = []
        self._folder = folder
        self._name = os.fsencode(name)

    def _transfer(self, wire: Wire, block_seconds: float) -> None:
        receiver = Receiver(wire, block_seconds)
        if not self.protocol.has_names:
            self._receive(receiver, Header(self._name))
            return
        bytes_before = 0
        while header := parse_header(receiver.header()):
            self.name = clean(header.name.decode("utf-8", "replace"))
            self._receive(receiver, header)
            bytes_before += self.done
        receiver.acknowledge()
        self.done = self.total = bytes_before
        self.name = self.files[0].name if len(self.files) == 1 else f"{len(self.files)} files"

    def _receive(self, receiver: Receiver, header: Header) -> None:
        file = ReceivedFile(self._folder, header.name, header.size)
        self.name, self.total, self.done = file.path.name, header.size or 0, 0
        try:
            receiver.receive(
                _Counted(file, self),
                crc=self.protocol is not Protocol.XMODEM,
                after_header=self.protocol.has_names,
                is_empty=header.size == 0,
            )
            file.close()
        except BaseException:
            file.discard()
            raise
        self.files.append(file.path)


class _Counted:
    def __init__(self, file: ReceivedFile, transfer: BlockReceive) -> None:
        self._file = file
        self._transfer = transfer

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._transfer.done = self._file.done
