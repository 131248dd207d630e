"""The demo's phone, as the serial service hears it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from opsterm.services.lines import Direction, Flag
from opsterm.services.serial.service import SerialService
from opsterm.services.serial.settings import Settings
from opsterm.services.service import State
from opsterm.tui.demo.phone import Phone
from tests.waiting import until


@pytest.fixture
async def service() -> AsyncIterator[SerialService]:
    phone = Phone(chat_seconds=0.1)
    service = SerialService()
    await service.open(Settings(phone.start()))
    await until(lambda: service.status.state is State.LIVE, "the phone's port open")
    yield service
    phone.stop()
    phone.stop()
    await until(lambda: service.status.state is State.LOST, "the phone gone")
    await service.close()


def heard(service: SerialService) -> list[str]:
    return [line.text for line in service.ring.since(0) if line.direction is Direction.RX]


async def test_it_greets_whoever_opens_it_and_goes_on(service: SerialService) -> None:
    await until(lambda: len(heard(service)) >= 3, "three things said")
    assert heard(service)[:2] == ["ping from android", '{"temp":21.6,"bat":87}']


async def test_it_greets_again_when_opened_again(service: SerialService) -> None:
    await until(lambda: "ping from android" in heard(service), "the greeting")
    await service.stop()
    before = len(service.ring)
    await service.start()
    await until(lambda: "ping from android" in heard(service)[before:], "the next greeting")


@pytest.mark.parametrize(
    ("typed", "answer"), [("AT", "OK"), ("test message", "test message received"), ("anything", "echo: anything")]
)
async def test_it_answers_lines(service: SerialService, typed: str, answer: str) -> None:
    service.send(typed)
    await until(lambda: answer in heard(service), answer)


async def test_its_prompt_has_no_line_ending_and_waits(service: SerialService) -> None:
    def prompts() -> list[str]:
        return [line.text for line in service.ring.since(0) if line.flags & Flag.PARTIAL]

    service.send("login")
    await until(lambda: prompts() == ["login: "], "the first prompt")
    service.send("root")
    await until(lambda: prompts() == ["login: ", "password: "], "the second")
    service.send("secret")
    await until(lambda: "Welcome." in heard(service), "the welcome")
