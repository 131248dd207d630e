"""`opsterm replay FILE --plain`: the lines of a capture on standard output, at their own pace or at once."""

from __future__ import annotations

import argparse
import asyncio
import sys

from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.replay import ReplayService, parse_speed
from opsterm.services.service import State
from opsterm.tui.plain.ends import GOODBYE_SECONDS, INTERRUPTED, USAGE, Stream, ends_on_signals, ends_with_reader, say
from opsterm.tui.plain.printer import Printer


def main(options: argparse.Namespace) -> int:
    """Run with the options of the command line; returns the exit status."""
    try:
        service = ReplayService(options.file, parse_speed(options.speed))
    except BadSettingError as error:
        say(str(error))
        return USAGE
    return asyncio.run(run(service, stdout=sys.stdout))


async def run(service: ReplayService, *, stdout: Stream) -> int:
    """Print until the end of the capture, and return 0; 2 where the file cannot be played."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    def changed() -> None:
        status = service.status
        if status.reason:
            say(f"{status.reason} {status.hint}".rstrip())
            end(USAGE if status.state is State.FAILED else 0)

    printer = Printer(
        service.ring,
        stdout.fileno(),
        say,
        service.hold,
        lambda: end(INTERRUPTED),
        noted=lambda note: f"{note.text}.",
    )
    with ends_on_signals(end), ends_with_reader(stdout.fileno(), end):
        end_listening = service.listen(changed)
        printing = asyncio.create_task(printer.run())
        await service.start()
        try:
            code = await ended
        finally:
            end_listening()
            await service.stop()
            printer.finish()
        # At its end the whole capture is wanted, however slowly it is read; after ctrl+c only a moment.
        await asyncio.wait([printing], timeout=None if code == 0 else GOODBYE_SECONDS)
        printing.cancel()
        return code
