"""Where the time of one transaction went: shares that add up to the whole, also where spans run side by side.

A line sweeps over the time. Each instant belongs to the deepest spans that are active in it, in equal parts: so time
with only a parent active is that parent's own. What no span below the root covers is "not instrumented", a gap,
except where the root has nothing below it at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from opsterm.services.telemetry.analysis.operations import Kind, kind_of
from opsterm.services.telemetry.analysis.tree import Node, tree
from opsterm.services.telemetry.model import Transaction

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Shares:
    """The parts of one transaction. All times are seconds."""

    nodes: Sequence[Node]
    """The spans, as `tree` gives them."""
    own: Sequence[float]
    """For each node the time in which nothing below it was active: its self time."""
    parts: Sequence[float]
    """For each node its part of the whole, where spans that ran side by side share; they add up to `seconds`."""

    @property
    def seconds(self) -> float:
        """How long the transaction took."""
        return self.nodes[0].seconds

    def kind(self, index: int) -> Kind:
        """What the own time of the node at `index` counts as."""
        if index == 0 and self.nodes[0].children:
            return Kind.GAP
        return kind_of(self.nodes[index].span.op)

    def seconds_by_kind(self) -> dict[Kind, float]:
        """The time of each kind that there is; they add up to `seconds`."""
        found = {self.kind(0): self.parts[0]}
        for node, part in zip(self.nodes[1:], self.parts[1:], strict=True):
            kind = kind_of(node.span.op)
            found[kind] = found.get(kind, 0.0) + part
        return found

    def by_kind(self) -> Mapping[Kind, float]:
        """The share of each kind that has any, the largest first; they add up to 1."""
        return _shared(self.seconds_by_kind(), self.kind(0))

    def by_op(self) -> Mapping[str, float]:
        """The share of each operation, the largest first; they add up to 1. A gap has the operation `gap`."""
        found: dict[str, float] = {}
        for index, part in enumerate(self.parts):
            found[self._op(index)] = found.get(self._op(index), 0.0) + part
        return _shared(found, self._op(0))

    def _op(self, index: int) -> str:
        gap = index == 0 and self.nodes[0].children
        return Kind.GAP.value if gap else self.nodes[index].span.op


def shares(transaction: Transaction) -> Shares:
    """Where the time of `transaction` went. Takes time in proportion to its spans; never raises."""
    nodes = tree(transaction)
    sweep = _Sweep(nodes)
    return Shares(nodes, sweep.own, sweep.parts)


def _shared(seconds: dict[_Key, float], whole: _Key) -> dict[_Key, float]:
    """`seconds` as shares, the largest first; all to `whole` where no time passed."""
    total = sum(seconds.values())
    if not total:
        return {whole: 1.0}
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    return {key: value / total for key, value in ordered if value > 0}


class _Sweep:
    """`_each` is what one leaf would have got that was there all the time: a leaf's part is a difference of two."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.own = [0.0] * len(nodes)
        self.parts = [0.0] * len(nodes)
        self._parents = [node.parent for node in nodes]
        self._active = bytearray(len(nodes))
        self._below = [0] * len(nodes)
        """How many of the nodes right below are active, or have active ones below them."""
        self._leaves = 0
        self._each = 0.0
        self._now = 0.0
        events = [(node.start, index) for index, node in enumerate(nodes) if node.end > node.start]
        events += [(node.end, ~index) for index, node in enumerate(nodes) if node.end > node.start]
        events.sort()
        for time, index in events:
            if time > self._now:
                if self._leaves:
                    self._each += (time - self._now) / self._leaves
                self._now = time
            if index >= 0:
                self._begin(index)
            else:
                self._end(~index)

    def _begin(self, index: int) -> None:
        self._active[index] = 1
        if self._below[index]:
            return
        self._enter(index)
        above = self._parents[index]
        while above >= 0:
            self._below[above] += 1
            if self._below[above] > 1:
                return
            if self._active[above]:
                self._leave(above)
                return
            above = self._parents[above]

    def _end(self, index: int) -> None:
        self._active[index] = 0
        if self._below[index]:
            return
        self._leave(index)
        above = self._parents[index]
        while above >= 0:
            self._below[above] -= 1
            if self._below[above]:
                return
            if self._active[above]:
                self._enter(above)
                return
            above = self._parents[above]

    def _enter(self, index: int) -> None:
        self._leaves += 1
        self.own[index] -= self._now
        self.parts[index] -= self._each

    def _leave(self, index: int) -> None:
        self._leaves -= 1
        self.own[index] += self._now
        self.parts[index] += self._each
