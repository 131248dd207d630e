"""What can go wrong with receiving traces, in the words that the user sees."""

from __future__ import annotations

from opsterm.services.text import clean

_MOST = 300


class TelemetryError(Exception):
    """Any failure of this package; `reason` says what failed and why, `hint` what to do next. Both are safe text."""

    def __init__(self, reason: str, hint: str = "") -> None:
        self.reason = clean(reason[:_MOST])
        self.hint = clean(hint[:_MOST])
        super().__init__(f"{self.reason} {self.hint}".rstrip())


class BadEnvelopeError(TelemetryError):
    """Bytes that are no envelope."""


class BadItemError(TelemetryError):
    """An item of an envelope that is not what it says it is."""


class PortTakenError(TelemetryError):
    """Another program listens where the receiver is to listen."""


class NoListeningError(TelemetryError):
    """The system does not let the receiver listen."""


class SpotlightError(TelemetryError):
    """A Spotlight that does not let its events be read, or no longer."""
