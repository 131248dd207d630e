from __future__ import annotations

import asyncio
import logging

import pytest

from opsterm.services.service import Service, State
from tests.waiting import until


class Frail(Service):
    """Does what its test hands it."""

    async def start(self) -> None:
        self._become(State.STARTING)

    async def stop(self) -> None:
        self._become(State.OFF)

    def retry(self) -> None:
        pass

    def run(self, seconds: float, error: Exception | None = None) -> asyncio.Task[None]:
        async def work() -> None:
            await asyncio.sleep(seconds)
            if error:
                raise error

        return self._live_on(work(), "frail")


async def test_a_defect_becomes_a_status_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    service = Frail()
    told: list[State] = []
    service.listen(lambda: told.append(service.status.state))
    await service.start()
    with caplog.at_level(logging.ERROR):
        service.run(0, LookupError("nothing there"))
        await until(lambda: service.status.state is State.FAILED, "the defect")
    assert told == [State.STARTING, State.FAILED]
    assert "LookupError" in service.status.reason
    assert "nothing there" in caplog.text


async def test_an_end_that_was_asked_for_is_no_defect() -> None:
    service = Frail()
    await service.start()
    await service.run(0)
    task = service.run(3600)
    task.cancel()
    await asyncio.wait([task])
    assert service.status.state is State.STARTING


async def test_since_stays_while_the_state_does_and_who_stops_listening_is_not_told() -> None:
    service = Frail()
    told: list[State] = []
    end = service.listen(lambda: told.append(service.status.state))
    await service.start()
    since = service.status.since
    await service.start()
    assert service.status.since == since
    end()
    end()
    await service.stop()
    assert told == [State.STARTING, State.STARTING]
