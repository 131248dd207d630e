"""The slowest spans, by their self time: of one transaction, and of all that came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest

from opsterm.services.telemetry.analysis.queries import similar
from opsterm.services.telemetry.analysis.shares import Shares, shares
from opsterm.services.telemetry.model import Span, Transaction


@dataclass(frozen=True, slots=True)
class Slow:
    """A span that took long. Times are seconds."""

    span: Span
    transaction: Transaction
    seconds: float
    own: float
    """Its self time, in which nothing below it was active."""
    text: str
    """What it did, without what differs from one to the next."""


def slowest(transaction: Transaction, found: Shares | None = None, most: int = 10) -> Sequence[Slow]:
    """The spans of one transaction with the longest self time, the longest first; without the root.

    `found` are its shares, where they are known already.
    """
    found = shares(transaction) if found is None else found
    ranked = nlargest(most, range(1, len(found.nodes)), key=lambda index: found.own[index])
    return [_slow(transaction, found, index) for index in ranked if found.own[index] > 0]


class Slowest:
    """The slowest spans of all that came, one of each kind: the like in the same transaction is there with its worst.

    Holds on to the transactions of these, `most` at the most.
    """

    def __init__(self, most: int = 100) -> None:
        self._most = most
        self._kept: dict[tuple[str, str, str], Slow] = {}
        self._least = 0.0
        """What a span has to exceed to be among them."""

    def add(self, transaction: Transaction, found: Shares | None = None) -> None:
        """Look at what came. `found` are its shares, where they are known already."""
        found = shares(transaction) if found is None else found
        for index in range(1, len(found.nodes)):
            if found.own[index] > self._least:
                self._keep(_slow(transaction, found, index))

    def rows(self) -> Sequence[Slow]:
        """The longest self time first."""
        return sorted(self._kept.values(), key=lambda slow: -slow.own)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._least = 0.0

    def _keep(self, slow: Slow) -> None:
        key = (slow.transaction.name, slow.span.op, slow.text)
        before = self._kept.get(key)
        if before is not None and before.own >= slow.own:
            return
        self._kept[key] = slow
        if len(self._kept) > self._most:
            del self._kept[min(self._kept, key=lambda each: self._kept[each].own)]
        if len(self._kept) == self._most:
            self._least = min(each.own for each in self._kept.values())


def _slow(transaction: Transaction, found: Shares, index: int) -> Slow:
    node = found.nodes[index]
    return Slow(node.span, transaction, node.seconds, found.own[index], similar(node.span))
