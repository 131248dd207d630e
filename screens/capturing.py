"""Capturing from the screen: `:capture FILE` and `:capture off`, and a chip that says how much is written."""

from __future__ import annotations

import os
from collections.abc import Sequence

from opsterm.screens.commands import CommandError
from opsterm.screens.tabs import Host
from opsterm.services.serial.capture import Capture
from opsterm.services.serial.capture_file import Rotation
from opsterm.services.serial.errors import SerialError
from opsterm.services.serial.service import SerialService
from opsterm.widgets.bar import Part, part
from opsterm.widgets.words import count, size


class Capturing:
    """At most one capture of a service. It goes on while other tabs are shown, until somebody ends it."""

    def __init__(self, service: SerialService, host: Host) -> None:
        self._service = service
        self._host = host
        self._capture: Capture | None = None

    @property
    def path(self) -> str:
        """The file that is written; empty for none."""
        return self._capture.path if self._capture is not None else ""

    def chip(self) -> Sequence[Part]:
        """That something is written, and how much; or why it is not."""
        capture = self._capture
        if capture is None:
            return ()
        if capture.problem:
            return (part(f"▲ capture: {capture.problem}, {capture.lost:,} lost", "$warning", id="capture", keep=8),)
        return (part(f"capture on {size(capture.written)}", "$foreground-muted", id="capture", keep=4),)

    def meant(self, name: str) -> str:
        """The file, or `off`, that is meant by what stands behind `:capture`. Raises CommandError."""
        if not name:
            raise CommandError("capture FILE (.txt rows, .jsonl with times, .bin raw bytes), or capture off")
        if name == "off" and self._capture is None:
            raise CommandError("nothing is being captured")
        return os.path.expanduser(name)

    async def use(self, name: str, rotation: Rotation | None = None, *, usual: bool = False) -> None:
        """Begin to write to the file `name`, in place of another; `off` only ends. What went wrong is said, and where
        it goes, unless that is as `usual`.
        """
        before = self._capture
        if before is not None and before.path == name:
            return
        capture = None
        if name != "off":
            capture = Capture(name, rotation=rotation, told=lambda text: self._host.toast(text, bad=True))
            try:
                await capture.start()
            except SerialError as error:  # and the one before goes on
                self._host.toast(error.reason, bad=True)
                return
        if before is not None:
            await self.close()
            lost = f", {count(before.lost, 'line')} lost" if before.lost else ""
            self._host.toast(f"Captured {size(before.written)} to {before.path}{lost}.", bad=bool(before.lost))
        if capture is None:
            return
        capture.attach(self._service.ring, self._service.taps)
        self._capture = capture
        if not usual:
            self._host.toast(f"Capturing to {capture.path}; :capture off ends it.")

    async def close(self) -> None:
        """Write what waits and close the file."""
        capture, self._capture = self._capture, None
        if capture is not None:
            await capture.stop()
