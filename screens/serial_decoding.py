"""Lines through a decoder: one that is built in, or a file of the user's that takes effect when it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsterm.screens.commands import Command, CommandError
from opsterm.screens.serial_lines import SerialLines
from opsterm.screens.tabs import Tab
from opsterm.services.lines import Ring
from opsterm.widgets.bar import Part, part

if TYPE_CHECKING:
    from opsterm.services.serial.decoding import Decoding

FOLDER = "decoders"
"""In the folder of the configuration: the decoders of the user."""
_NONE = ("off", "none")


class SerialDecoding(SerialLines):
    """The part of the tab that decodes what it shows. What is kept and captured stays as it came over the wire."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._decoding: Decoding | None = None
        self._said_error = ""

    @property
    def ring(self) -> Ring:
        """The lines that are shown: decoded, where a decoder is chosen."""
        return self._decoding.ring if self._decoding is not None else self.source

    @property
    def decoder(self) -> str:
        """The name of the decoder chosen; empty for none."""
        return self._decoding.name if self._decoding is not None else ""

    @property
    def decoders(self) -> Sequence[str]:
        """The names of all there are."""
        return self._made().names

    async def on_unmount(self) -> None:
        """Nobody looks any more."""
        await self._drop_decoding()

    async def show_source(self) -> None:
        """Another ring is the source now; the decoder stays."""
        name = self.decoder
        await self._drop_decoding()
        self.lines.show(self.ring)
        if name:
            await self.decode(name)

    async def decode(self, name: str) -> None:
        """Show lines through this decoder, or as they are with "". Raises SerialError for an impossible name."""
        if not name and self._decoding is None:
            return
        decoding = self._made()
        await decoding.use(name)
        self.refresh_rows()

    def _made(self) -> Decoding:
        if self._decoding is None:
            from opsterm.services.serial.decoding import Decoding  # noqa: PLC0415  with the first decoder

            self._decoding = Decoding(self.source, self.host.config_folder / FOLDER)
            self._decoding.listen(self._told)
        return self._decoding

    async def _drop_decoding(self) -> None:
        decoding, self._decoding = self._decoding, None
        if decoding is not None:
            await decoding.stop()

    def _told(self) -> None:
        self.call_later(self._show_decoded)

    def _show_decoded(self) -> None:
        if self.lines.ring is not self.ring:
            self.lines.swap(self.ring)
        error = self._decoding.error if self._decoding is not None else ""
        if error and error != self._said_error:
            self.host.toast(error, bad=True)  # kept in the messages: the chip may be cut
        self._said_error = error
        self.refresh_rows()

    def chips(self) -> Sequence[Part]:
        """And the decoder, or what is wrong with it."""
        if self.pane is None or self._decoding is None or not self.decoder:
            return super().chips()
        if error := self._decoding.error:
            return (*super().chips(), part(f"▲ {error}", "$warning", id="decoder", keep=7))
        return (*super().chips(), part(f"decoder {self.decoder}", "$accent", id="decoder", keep=6))

    def commands(self) -> Sequence[Command]:
        """Decoders, by command."""
        return (
            *super().commands(),
            Command(
                "decode",
                "show lines through a decoder: nmea, json, slip, cobs, or a file of yours; off ends it",
                self._decode,
                lambda: (*self.decoders, "off"),
            ),
        )

    def _decode(self, name: str) -> None:
        if not name:
            raise CommandError(f"decode {'|'.join(self.decoders)}|off; yours: {self.host.config_folder / FOLDER}")
        self.use_decoder("" if name in _NONE else name)

    def use_decoder(self, name: str) -> None:
        """Show lines through this decoder from now on, or as they are with ""; what is wrong is said."""
        self.run_worker(self._use(name), group="decode", exclusive=True, exit_on_error=False)

    async def _use(self, name: str) -> None:
        from opsterm.services.serial.errors import SerialError  # noqa: PLC0415  with the decoders

        try:
            await self.decode(name)
        except SerialError as error:
            self.host.toast(error.reason, bad=True)
