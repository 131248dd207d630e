"""The spans of a transaction as the tree that they are, whatever was reported."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import isfinite

from opsterm.services.telemetry.model import Span, Transaction

MAX_DEPTH = 100
"""What lies deeper is shown at this depth, so that no chain of spans costs more than its length."""

LONGEST = 1e9
"""Seconds; what took longer, some thirty years, was told wrongly."""


@dataclass(slots=True)
class Node:
    """A span in its place. `start` and `end` are seconds after the start of the transaction, and within it."""

    span: Span
    start: float
    end: float
    parent: int = 0
    """The index of the node above; -1 for the root."""
    depth: int = 0
    children: list[int] = field(default_factory=list)
    """Indices of the nodes below, by their start."""

    @property
    def seconds(self) -> float:
        """How long it took within the transaction."""
        return self.end - self.start


def tree(transaction: Transaction) -> list[Node]:
    """All spans, the root first, then by their start.

    A span whose parent is not known hangs below the root, and so does the first of those that are each other's
    parents. Of two spans with the same id the first is the parent. A span that goes on after its parent, as a task in
    the background does, keeps its time; what lies outside the transaction is cut off. Never raises.
    """
    root = transaction.root
    total = max(0.0, root.end - root.start)
    whole = isfinite(total) and isfinite(root.start)
    base, total = (root.start, min(total, LONGEST)) if whole else (0.0, 0.0)
    nodes = [_node(span, base, total) for span in transaction.spans]
    nodes.sort(key=_start)
    nodes.insert(0, Node(root, 0.0, total, -1))
    _hang(nodes)
    return nodes


def _start(node: Node) -> float:
    return node.start


def _node(span: Span, base: float, total: float) -> Node:
    """`max` with the bound first: of a time that is not a number the bound is left."""
    start = min(max(0.0, span.start - base), total)
    return Node(span, start, max(start, min(max(0.0, span.end - base), total)))


def _hang(nodes: list[Node]) -> None:
    below = _told(nodes)
    placed = bytearray(len(nodes))
    placed[0] = 1
    _place(nodes, below, placed, 0)
    if all(placed):
        return
    for index, node in enumerate(nodes):
        if not placed[index]:
            node.parent, node.depth = 0, 1
            nodes[0].children.append(index)
            placed[index] = 1
            _place(nodes, below, placed, index)
    nodes[0].children.sort()


def _told(nodes: list[Node]) -> dict[int, list[int]]:
    """For each node the nodes that say that they are below it."""
    known: dict[str, int] = {}
    for index, node in enumerate(nodes):
        known.setdefault(node.span.span_id, index)
    below: dict[int, list[int]] = {}
    for index in range(1, len(nodes)):
        parent = known.get(nodes[index].span.parent_id, 0)
        below.setdefault(parent, []).append(index)
    return below


def _place(nodes: list[Node], below: dict[int, list[int]], placed: bytearray, top: int) -> None:
    """Hang everything below `top`, level by level."""
    queue = deque((top,))
    while queue:
        above = queue.popleft()
        parent = above if nodes[above].depth < MAX_DEPTH else nodes[above].parent
        for index in below.get(above, ()):
            if not placed[index]:
                placed[index] = 1
                node = nodes[index]
                node.parent, node.depth = parent, nodes[parent].depth + 1
                nodes[parent].children.append(index)
                queue.append(index)
