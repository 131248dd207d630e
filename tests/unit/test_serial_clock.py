"""Stamps never go back, whatever the system's clock does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.serial.clock import Clock

SECOND = 1_000_000_000


class Fake:
    def __init__(self) -> None:
        self.wall = 1_600_000_000 * SECOND
        self.steady = 5 * SECOND
        self.clock = Clock(lambda: self.wall, lambda: self.steady)

    def go(self, ns: int) -> int:
        self.wall += ns
        self.steady += ns
        return self.clock.now()


def test_it_is_the_system_s_time() -> None:
    fake = Fake()
    assert fake.go(7) == 1_600_000_000 * SECOND + 7


def test_time_goes_on_at_its_pace_when_the_clock_is_set_back() -> None:
    fake = Fake()
    before = fake.go(SECOND)
    fake.wall -= 3600 * SECOND
    assert fake.go(10) == before + 10
    assert fake.go(SECOND) == before + 10 + SECOND


def test_it_follows_a_clock_set_forward() -> None:
    fake = Fake()
    before = fake.go(SECOND)
    fake.wall += 3600 * SECOND
    assert fake.go(10) == before + 3600 * SECOND + 10


@given(st.lists(st.tuples(st.integers(-100, 100), st.integers(0, 50))))
def test_stamps_never_decrease(steps: list[tuple[int, int]]) -> None:
    fake = Fake()
    stamps = []
    for jump, passed in steps:
        fake.wall += jump
        stamps.append(fake.go(passed))
    assert stamps == sorted(stamps)
