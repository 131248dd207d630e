"""Blocks of XMODEM, sent and received by the library `xmodem`, which knows nothing of what goes on around them.

Everything here blocks: use a thread. The protocol is that of C. Forsberg, "XMODEM/YMODEM Protocol Reference" (1988).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.transfer.errors import CancelledTransferError
from opsterm.services.serial.transfer.wire import Wire

SOH, STX, EOT, ACK, NAK, CAN, CRC = b"\x01", b"\x02", b"\x04", b"\x06", b"\x15", b"\x18", b"C"
LONG_BYTES = 1024
SHORT_BYTES = 128
RETRIES = 10
ASK_SECONDS = 3.0
"""Between two invitations of a receiver."""
_INVITED_SECONDS = 60.0
"""How long a sender waits for one."""
_INVITATIONS = 16
_PATIENCE_SECONDS = 10.0
"""How long either side has to go on after a block, besides the time that it takes."""
_CROSSING_SECONDS = 0.5
_CANCEL_SECONDS = 1.0
_END_SECONDS = 4.0
"""How long a receiver has to confirm the end; many that did are gone before their answer is out."""
_END_TRIES = 3
_PURGE_SECONDS = 1
"""The library waits so long for the line to clear, and uses this time for nothing else."""


class Sink(Protocol):
    """Where received blocks go."""

    def write(self, data: bytes) -> object:
        """Take the next block. Raises SerialError."""


class Sender:
    """The sending side, on a line where a block takes `block_seconds`."""

    def __init__(self, wire: Wire, block_seconds: float) -> None:
        self._wire = wire
        self._patience = _PATIENCE_SECONDS + 2 * block_seconds
        self._crossing = _CROSSING_SECONDS + block_seconds
        self._invited = False
        self._ends = 0  # how often the end was said

    def wait_invited(self) -> bytes:
        """`invited`, or SerialError where nobody asks for a whole minute."""
        if char := self.invited(_INVITED_SECONDS):
            return char
        raise SerialError(f"No receiver within {_INVITED_SECONDS:g} s.", "Start it on the device first.")

    def invited(self, seconds: float) -> bytes:
        """Wait until the receiver asks for blocks; returns `C` or NAK, nothing after so many seconds.

        A device talks before it is ready, and any text may hold a `C`: what counts is the last byte that came.
        """
        deadline = time.monotonic() + seconds
        while came := self._wire.read_all(max(0.0, deadline - time.monotonic())):
            if CAN + CAN in came:
                raise cancelled_there()
            if (char := came[-1:]) in (CRC, NAK):
                self._invited = True
                return char
        return b""

    def send(self, stream: BinaryIO, block_bytes: int, progress: Callable[[int], None]) -> None:
        """Send what `stream` has; `progress` is told how many blocks were taken. Raises SerialError."""
        self._invited = False
        self._ends = 0
        modem = _library(self._read, self._write, "xmodem1k" if block_bytes == LONG_BYTES else "xmodem")
        taken = modem.send(
            stream,
            retry=RETRIES,
            timeout=self._patience,
            quiet=True,
            callback=lambda _, good, __: progress(good),
        )
        if not taken:
            raise SerialError(f"The receiver did not take a block in {RETRIES} tries.", "Is the line good enough?")

    def send_block(self, block: bytes, check: bytes) -> None:
        """Send block 0 of YMODEM and have it taken, with a CRC where `check` is `C`. Raises SerialError."""
        for _ in range(RETRIES):
            if self._send_zero(block, check, self._patience):
                return
        raise SerialError(f"The receiver did not take the name in {RETRIES} tries.", "Does it speak YMODEM?")

    def send_last(self, block: bytes, check: bytes) -> None:
        """Send the block that ends the batch. That nobody answers is no fault: the files have been acknowledged."""
        for _ in range(_END_TRIES):
            if self._send_zero(block, check, _END_SECONDS):
                return

    def _send_zero(self, block: bytes, check: bytes, seconds: float) -> bool:
        modem = _library(self._read, self._write, "xmodem")
        self._write(modem._make_send_header(len(block), 0) + block + modem._make_send_checksum(check == CRC, block))
        return self._answer(seconds) == ACK

    def _read(self, _: int, timeout: float = 1) -> bytes | None:  # noqa: ARG002  ours is the same for all
        if not self._invited:
            return self.wait_invited()
        return self._answer(_END_SECONDS if self._ends else self._patience) or None

    def _answer(self, seconds: float) -> bytes:
        # Anything else is noise, or an invitation that crossed a block: taken for an answer it would have the block
        # sent twice, and every later answer would be one late. One that comes later asks for the first block again.
        began = time.monotonic()
        while char := self._wire.read(1, max(0.0, began + seconds - time.monotonic())):
            if char in (ACK, NAK) or (char == CRC and time.monotonic() > began + self._crossing):
                return char
            if char == CAN and self._wire.read(1, _CANCEL_SECONDS) == CAN:
                raise cancelled_there()
        return b""

    def _write(self, data: bytes, timeout: float = 1) -> int:  # noqa: ARG002  the wire tells when it is lost
        if data == EOT:
            self._ends += 1
            if self._ends > _END_TRIES:
                raise SerialError(
                    "The receiver took every block and did not confirm the end.", "The file may be whole."
                )
        self._wire.clear()
        return self._wire.write(bytes(data))


class Receiver:
    """The receiving side, on a line where a block takes `block_seconds`."""

    def __init__(self, wire: Wire, block_seconds: float) -> None:
        self._wire = wire
        self._patience = _PATIENCE_SECONDS + 2 * block_seconds
        self._begun = False
        self._number = b""  # of the last block that was read, and its complement
        self._taken = b""  # the same of the last one that was good
        self._check_bytes = 2

    def receive(self, sink: Sink, crc: bool, after_header: bool = False, is_empty: bool = False) -> None:
        """Receive blocks into `sink` until the sender ends them. Raises SerialError.

        `after_header`: block 0 has come and is acknowledged here, again where the sender does not hear of it.
        """
        self._begun = False
        self._taken = b""
        if after_header:
            self.acknowledge()
        if is_empty:
            self._receive_nothing()
            return
        modem = _library(self._read, self._write, "xmodem")
        size = modem.recv(sink, crc_mode=int(crc), retry=_INVITATIONS, timeout=self._patience, quiet=True)
        if size is None and not self._begun:
            raise nobody_sends()
        if size is None:
            raise SerialError(f"No good block came in {_INVITATIONS} tries.", "Is the line good enough?")

    def acknowledge(self) -> None:
        """Say that block 0 has come. Raises SerialError."""
        self._taken = b"\x00\xff"
        self._wire.write(ACK)

    def header(self) -> bytes:
        """Ask for block 0 of YMODEM until it comes; not yet acknowledged. Raises SerialError."""
        self._begun = False
        self._taken = b""
        modem = _library(self._read, self._write, "xmodem")
        for _ in range(_INVITATIONS):
            self._wire.write(CRC)
            char = self._read(1)
            if char == EOT:
                self._wire.write(ACK)  # it did not hear that the file is complete
            elif char in (SOH, STX):
                size = SHORT_BYTES if char == SOH else LONG_BYTES
                packet = self._wire.read(2 + size + 2, self._patience)
                if len(packet) == 2 + size + 2 and packet[:2] == b"\x00\xff":
                    good, block = modem._verify_recv_checksum(1, packet[2:])
                    if good:
                        return bytes(block)
                while self._wire.read(1, _PURGE_SECONDS):
                    pass
            self._begun = False
        raise nobody_sends()

    def _receive_nothing(self) -> None:
        # The library would take the end of a file of no bytes for a fault, and cancel the batch.
        for _ in range(_INVITATIONS):
            self._wire.write(CRC)
            if self._read(1) == EOT:
                self._wire.write(ACK)
                return
        raise nobody_sends()

    def _read(self, size: int, timeout: float = 0) -> bytes | None:
        if size > 1:
            packet = self._wire.read(size, self._patience)
            self._number = packet[:2]
            self._check_bytes = size - 2 - (SHORT_BYTES if size < LONG_BYTES else LONG_BYTES)
            return packet or None
        if timeout == _PURGE_SECONDS:
            return self._wire.read(1, timeout) or None
        while char := self._wire.read(1, self._patience if self._begun else ASK_SECONDS):
            if char == CAN and self._wire.read(1, _CANCEL_SECONDS) == CAN:
                raise cancelled_there()
            if char in (SOH, STX):
                self._begun = True
                if not self._is_old(char):
                    return char
            elif self._begun or char == EOT:
                return char
        return None

    def _is_old(self, char: bytes) -> bool:
        """Whether this is the last block once more: our answer was lost. It is dropped, and answered again."""
        number = self._wire.read(2, self._patience)
        self._wire.unread(number)
        if not self._taken or number != self._taken:
            return False
        self._wire.read(2 + (SHORT_BYTES if char == SOH else LONG_BYTES) + self._check_bytes, self._patience)
        self._wire.write(ACK)
        return True

    def _write(self, data: bytes, timeout: float = 1) -> int:  # noqa: ARG002  the wire tells when it is lost
        if data == ACK:
            self._taken = self._number
        return self._wire.write(bytes(data))


def cancelled_there() -> CancelledTransferError:
    """What to say when the other side has sent CAN twice."""
    return CancelledTransferError("Cancelled by the other side.")


def nobody_sends() -> SerialError:
    """What to say when no block came at all."""
    return SerialError(f"No sender within {_INVITATIONS * ASK_SECONDS:g} s.", "Start it on the device.")


def _library(read: Callable[..., bytes | None], write: Callable[..., int], mode: str) -> Any:
    from xmodem import XMODEM  # noqa: PLC0415  few transfer a file

    modem = XMODEM(read, write, mode)
    modem.log = logging.Logger("xmodem", logging.CRITICAL + 1)  # what it would log is said in the row, once
    return modem
