"""Rows and lines of a layout, against a plain list of them."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from opsterm.widgets.line_view.layout import Layout

HEIGHTS = st.lists(st.integers(1, 4), max_size=6)


class LayoutMachine(RuleBasedStateMachine):
    """Does to a layout and to a list of (seq, height) the same, and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.layout = Layout()
        self.plain: list[tuple[int, int]] = []
        self.low = self.high = 1000
        self.rows: dict[int, int] = {}

    @rule(heights=HEIGHTS, gap=st.integers(0, 2))
    def append(self, heights: list[int], gap: int) -> None:
        seqs = [self.high + gap + at for at in range(len(heights))]
        self.layout.append(seqs, heights)
        self.plain += zip(seqs, heights, strict=True)
        self.high += gap + len(heights)

    @rule(heights=HEIGHTS)
    def prepend(self, heights: list[int]) -> None:
        self.low -= len(heights)
        seqs = list(range(self.low, self.low + len(heights)))
        self.layout.prepend(seqs, heights)
        self.plain = [*zip(seqs, heights, strict=True), *self.plain]

    @rule(count=st.integers(0, 4))
    def evict(self, count: int) -> None:
        if self.plain:
            first = self.plain[min(count, len(self.plain) - 1)][0]
            gone = self.layout.evict(first)
            assert gone == min(count, len(self.plain) - 1)
            self.plain = self.plain[gone:]
            self.low = first

    @rule()
    def pop(self) -> None:
        if self.plain:
            self.layout.pop()
            self.high, _ = self.plain.pop()

    @invariant()
    def is_the_same(self) -> None:
        layout, plain = self.layout, self.plain
        assert [layout[index] for index in range(len(layout))] == [seq for seq, _ in plain]
        assert layout.height == sum(height for _, height in plain)
        row = layout.first_row
        for index, (seq, height) in enumerate(plain):
            assert layout.index(seq) == index
            assert layout.has(seq)
            assert layout.top(index) == row
            assert [layout.at(row + sub) for sub in range(height)] == [(index, sub) for sub in range(height)]
            assert self.rows.setdefault(seq, row) == row, "a line moved"
            row += height
        assert layout.at(row) is None
        assert layout.at(layout.first_row - 1) is None
        self.rows = {seq: self.rows[seq] for seq, _ in plain}


LayoutMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
test_layout = LayoutMachine.TestCase
