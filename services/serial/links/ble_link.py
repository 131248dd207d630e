"""A connection to a device of Bluetooth LE that is open."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from opsterm.services.lines import Line
from opsterm.services.serial.clock import Clock
from opsterm.services.serial.errors import DisconnectedError, SerialError
from opsterm.services.serial.links.base import Received, Sent
from opsterm.services.serial.links.detached import briefly
from opsterm.services.serial.modem import Modem
from opsterm.services.serial.reader import Chunk
from opsterm.services.serial.settings import Settings

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic

_PIECE_BYTES = 20
"""What every device takes at once: the smallest MTU (23) without the head of a packet."""
_MOST_BYTES = 512
"""No attribute of GATT is longer, whatever the MTU; a device drops what is."""


class BleLink:
    """Notifications come in, writes go out, in pieces as large as the device takes.

    Whoever makes one connects a client, has it notify `take`, and then calls `begin`.
    """

    has_rate = False

    def __init__(self, name: str, received: Received, sent: Sent, clock: Clock) -> None:
        self._name = name
        self._received = received
        self._sent = sent
        self._clock = clock
        self._client: BleakClient | None = None
        self._sending: asyncio.Task[None] | None = None
        self._more = asyncio.Event()
        self._waiting: deque[tuple[bytes, Line]] = deque()
        self._offset = 0  # how much of the first one has been written
        self._held: list[Chunk] | None = None
        self._closing = False
        self.lost: asyncio.Future[SerialError] = asyncio.get_running_loop().create_future()
        self.modem: Modem | None = None

    def begin(self, client: BleakClient, rx: BleakGATTCharacteristic) -> None:
        """Write what is to be sent to `rx` of the connected client, which is the link's from now on."""
        self._client = client
        self._sending = asyncio.create_task(self._send(client, rx), name=f"write {self._name}")

    def take(self, _: BleakGATTCharacteristic, data: bytearray) -> None:
        """Called by bleak with what the device sends."""
        chunk = (self._clock.now(), bytes(data))
        if self._held is None:
            self._received([chunk])
        else:
            self._held.append(chunk)

    @property
    def queued(self) -> int:
        """Bytes that the Bluetooth of the system has not taken yet."""
        return sum(len(data) for data, _ in self._waiting) - self._offset

    def write(self, data: bytes, line: Line) -> None:
        """Send `data` after what already waits, then report `line` as sent; never blocks."""
        self._waiting.append((data, line))
        self._more.set()

    def hold(self, held: bool) -> None:
        """Have nothing received while `held`; a device of this kind does not fill the memory in that time."""
        if held:
            self._held = self._held or []
            return
        chunks, self._held = self._held, None
        if chunks:
            self._received(chunks)

    def unsent(self) -> list[Line]:
        """Take out the lines that have not left, or not wholly."""
        lines = [line for _, line in self._waiting]
        self._waiting.clear()
        self._offset = 0
        return lines

    async def tune(self, settings: Settings) -> None:
        """Rate and frame are the business of the device: nothing to tune."""

    async def actual_baud(self) -> int:
        """Not told: always 0."""
        return 0

    async def close(self) -> None:
        """Close it, within a second. May be called again."""
        if self._closing:
            return
        self._closing = True
        if self._sending is not None:
            self._sending.cancel()
        if self._client is not None:
            await self.leave(self._client)
        self.hold(False)

    async def leave(self, client: BleakClient) -> None:
        """Disconnect, and wait for that only so long: it may take several seconds, and goes on by itself."""
        await briefly(client.disconnect(), f"close {self._name}")

    def fail(self) -> None:
        """The device is gone."""
        if not self._closing and not self.lost.done():
            self.lost.set_result(DisconnectedError(f"Device disconnected ({self._name}).", "Connecting again."))

    async def _send(self, client: BleakClient, rx: BleakGATTCharacteristic) -> None:
        answered = "write-without-response" not in rx.properties
        try:
            while True:
                self._more.clear()
                while self._waiting:
                    data, line = self._waiting[0]
                    size = min(rx.max_write_without_response_size or _PIECE_BYTES, _MOST_BYTES)
                    piece = data[self._offset : self._offset + size]
                    await client.write_gatt_char(rx, piece, response=answered)
                    self._taken(line, len(piece))
                await self._more.wait()
        except Exception:  # bleak's, or of the bus under it: in each case the link is of no more use
            self.fail()

    def _taken(self, line: Line, size: int) -> None:
        if not self._waiting or self._waiting[0][1] is not line:
            return  # it was taken out meanwhile
        self._offset += size
        if self._offset >= len(self._waiting[0][0]):
            self._waiting.popleft()
            self._offset = 0
            line.first_ns = line.last_ns = self._clock.now()
            self._sent(line)
