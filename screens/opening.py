"""What the Serial tab is asked to have open from the start."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsterm.services.serial.capture_file import Rotation
from opsterm.services.serial.settings import Settings


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
