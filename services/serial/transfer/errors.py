"""How a transfer can end besides well."""

from __future__ import annotations

from opsterm.services.serial.errors import SerialError


class CancelledTransferError(SerialError):
    """It was cancelled, here or by the other side."""
