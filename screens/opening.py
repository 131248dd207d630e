"""What the Serial tab is asked for: what to have open from the start, and what the user prefers for every port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opsterm.services.serial.capture_file import Rotation
from opsterm.services.serial.settings import Settings

if TYPE_CHECKING:
    from opsterm.services.serial.macros import Macro


@dataclass(frozen=True, slots=True)
class Opening:
    """A port, perhaps another one `beside` it or `bridged` with it; `capture` is the file to which what passes is
    written, empty for none.
    """

    settings: Settings
    beside: Settings | None = None
    bridged: bool = False
    capture: str = ""
    rotation: Rotation = field(default_factory=Rotation)


@dataclass(frozen=True, slots=True)
class Preferences:
    """Settings of ports that nothing else is known of, the macros, and where what passes is always kept.

    `settings` are as `services.serial.choose` takes them; `capture` as `services.serial.capture_names` does, empty
    for nowhere.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    macros: Sequence[Macro] = ()
    capture: str = ""
    rotation: Rotation = field(default_factory=Rotation)
