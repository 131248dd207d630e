"""What goes wrong in the background, where no test looks by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_faults() -> Iterator[None]:
    """Fail at the end if the running loop was told of an error that nobody waited for."""
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    yield
    assert not faults
