"""The steps of a script or a macro at work on an open port."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from opsterm.services.lines import Direction, Flag
from opsterm.services.serial.errors import BadSettingError, SerialError
from opsterm.services.serial.script import Break, Do, Done, Failed, Run, Send, Switch
from opsterm.services.serial.service import SerialService
from opsterm.services.service import State


async def play_script(run: Run, service: SerialService) -> str:
    """Do the steps of `run`; returns why it failed, empty when all are done."""
    loop = asyncio.get_running_loop()
    news = asyncio.Event()
    end = service.ring.listen(news.set)
    try:
        while True:
            news.clear()
            match run.next(loop.time()):
                case Done():
                    return ""
                case Failed(reason):
                    return reason
                case Send() as wanted:
                    if failure := await _send(service, wanted, news):
                        return f"Step {wanted.number}: {failure}"
                case Do(act, number):
                    if failure := await _do(service, act):
                        return f"Step {number}: {failure}"
                case until:
                    with suppress(TimeoutError):  # asked once more, it says that the time is over
                        async with asyncio.timeout_at(until.deadline):
                            await news.wait()
    finally:
        end()


async def _do(service: SerialService, act: Break | Switch) -> str:
    try:
        if isinstance(act, Break):
            await service.send_break(act.seconds)
        else:
            await service.set_line(act.name, act.on)
    except SerialError as error:
        return error.reason
    return ""


async def _send(service: SerialService, wanted: Send, news: asyncio.Event) -> str:
    """Send one line and wait until it has left; returns why it did not."""
    seq = service.ring.next_seq
    try:
        on_its_way = service.send(wanted.data, wanted.bare)
    except BadSettingError as error:
        return error.reason
    if not on_its_way:
        return "" if service.status.state is State.LIVE else "not sent, the port is not open."
    try:
        async with asyncio.timeout(wanted.timeout):
            while True:
                news.clear()
                for line in service.ring.since(seq):
                    if line.direction is Direction.TX:
                        return "not sent, the device went away." if line.flags & Flag.UNSENT else ""
                await news.wait()
    except TimeoutError:
        return f"not sent, the device takes nothing for {wanted.timeout:g} s."
