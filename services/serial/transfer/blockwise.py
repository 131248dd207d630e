"""What all transfers in blocks have in common: a thread for the library, and a word to the other side at the end."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress

from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.transfer.channel import Channel
from opsterm.services.serial.transfer.errors import CancelledTransferError
from opsterm.services.serial.transfer.protocol import Protocol
from opsterm.services.serial.transfer.transfer import Transfer
from opsterm.services.serial.transfer.wire import Wire
from opsterm.services.threads import in_thread

_BITS_OF_BLOCK = 1029 * 10
_CANCEL = b"\x18" * 8 + b"\b" * 8
"""CAN twice would do; more get through a line that is not good, and a shell that gets them can take them back."""
_GOODBYE_SECONDS = 0.3
_QUIET_SECONDS = 0.1
_ANSWER_SECONDS = 0.6
_SETTLE_ROUNDS = 4


class Blockwise(Transfer):
    """A transfer that a library does, on a thread of its own."""

    def __init__(self, service: SerialService, name: str, protocol: Protocol) -> None:
        super().__init__(service, name, protocol)
        self._wire = Wire(asyncio.get_running_loop())
        self._heard = asyncio.Event()

    @abstractmethod
    def _transfer(self, wire: Wire, block_seconds: float) -> None:
        """Move the file over a line where a block takes so long; blocks. Raises SerialError."""

    @property
    def _received(self) -> Callable[[bytes], None] | None:
        return self._take

    def _take(self, data: bytes) -> None:
        self._heard.set()
        self._wire.received(data)

    async def _work(self, channel: Channel) -> None:
        self._wire.channel = channel
        block_seconds = self._block_seconds(channel)
        try:
            await in_thread(lambda: self._transfer(self._wire, block_seconds), f"transfer {self.name}")
        except CancelledTransferError:
            raise
        except SerialError:
            with suppress(SerialError):  # the port is gone, and that is the reason anyway
                await self._say_goodbye(channel)
            raise

    def _stop(self, work: asyncio.Task[None], reason: SerialError) -> None:  # noqa: ARG002  it ends with its thread
        self._wire.stop(reason)

    async def _give_up(self, channel: Channel) -> None:
        # The block first: what is said in the middle of one is taken for its data.
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await channel.drained()
        except TimeoutError:
            await super()._give_up(channel)
        await self._say_goodbye(channel)

    async def _say_goodbye(self, channel: Channel) -> None:
        """Tell the other side, and take in what it still sends: it would become lines of rubbish.

        A receiver answers a block and then throws away what has come by then, so that it is told after its answer.
        """
        await self._silence(min(_ANSWER_SECONDS, max(_QUIET_SECONDS, self._block_seconds(channel))))
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await channel.send(_CANCEL)
        await self._silence(_QUIET_SECONDS)

    async def _silence(self, seconds: float) -> None:
        """Wait until nothing has come for so long, and not for ever."""
        for _ in range(_SETTLE_ROUNDS):
            self._heard.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._heard.wait()
            except TimeoutError:
                return

    def _block_seconds(self, channel: Channel) -> float:
        """What a block takes on the wire."""
        settings = self._service.settings
        return 0.0 if settings is None or not channel.rate_known else _BITS_OF_BLOCK / settings.baud
