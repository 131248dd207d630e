"""Many lines, sent no faster than the device can take them: a pause after each line, or after each character."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from opsterm.services.lines import Line
from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.transfer.channel import PIECE_BYTES, Channel
from opsterm.services.serial.transfer.errors import CancelledTransferError

_TURN_LINES = 500


class PacedLines:
    """Sends `lines` one after the other, each when the kernel has taken the one before; `run` it once.

    `line_seconds` pass between two lines, `char_seconds` between two bytes of a line; they go with the ending that is
    set, or `bare` of it. Typed lines are refused meanwhile. `sent` says how many have left, `left` how many have not,
    `failure` why those will not.
    """

    def __init__(
        self,
        service: SerialService,
        lines: Sequence[str | bytes],
        line_seconds: float = 0.0,
        char_seconds: float = 0.0,
        bare: bool = False,
    ) -> None:
        self.lines = lines
        self.sent = 0
        self.failure: SerialError | None = None
        self._service = service
        self._line_seconds = line_seconds
        self._char_seconds = char_seconds
        self._bare = bare
        self._channel: Channel | None = None
        self._cancelled = False

    @property
    def left(self) -> int:
        """How many lines have not left yet."""
        return len(self.lines) - self.sent

    def cancel(self) -> None:
        """Send nothing more, from this moment on."""
        self._cancelled = True
        if self._channel is not None:
            self._channel.end(_cancelled())

    async def run(self) -> Sequence[str | bytes]:
        """Send them; returns those that were not sent, because of `cancel` or because the port was lost.

        They are never sent by themselves. Raises SerialError where nothing can be sent at all: no port is open,
        another has it, or the encoding lacks a character of some line.
        """
        for number, each in enumerate(self.lines):
            self._service.typed(each)  # better all of them before the first one is sent
            if number % _TURN_LINES == 0:
                await asyncio.sleep(0)
        with self._service.occupy(f"{len(self.lines):,} lines") as channel:
            self._channel = channel
            if self._cancelled:
                channel.end(_cancelled())
            try:
                await self._send_all(channel)
            except SerialError as error:
                self.failure = error
                if isinstance(error, CancelledTransferError):
                    await channel.take_back()
        if self.failure is not None:
            reason = self.failure.reason.removesuffix(".")
            why = f"{reason[:1].lower()}{reason[1:]}"
            self._service.note(f"{self.left:,} of {len(self.lines):,} lines not sent: {why}")
        return self.lines[self.sent :]

    async def _send_all(self, channel: Channel) -> None:
        for each in self.lines:
            if self.sent:
                await channel.rest(self._line_seconds)
            data, line = self._service.typed(each)
            await self._send(channel, line.raw if self._bare else data, line)
            self.sent += 1

    async def _send(self, channel: Channel, data: bytes, line: Line) -> None:
        size = 1 if self._char_seconds else PIECE_BYTES
        *first, last = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
        begun = False
        try:
            for piece in first:
                await channel.send(piece)
                begun = True
                await channel.rest(self._char_seconds)
        except SerialError:
            if begun:
                channel.mark_unsent(line)
            raise
        await channel.send(last, line)


def _cancelled() -> CancelledTransferError:
    return CancelledTransferError("Cancelled.")
