"""The ring of decoded lines."""

from __future__ import annotations

from opsterm.services.lines import Ring


class ShownRing(Ring):
    """A ring from which the newest line can go again: a prompt that the decoder hides once it is whole."""

    def drop_last(self) -> None:
        """Take the newest line out; IndexError when the ring is empty."""
        seq = self.next_seq - 1
        self.bytes -= self[seq].cost
        self._lines.pop()
        self.revision += 1
        self._replaced.append((self.revision, seq))
        self._listeners.tell()
