"""The record of one line of output, and the bounded store that every line pane reads.

A source (a serial port, a container's log) makes `Line`s and appends them to a `Ring` on the event loop. A pane
remembers the sequence number up to which it has drawn and asks for what came since. Nothing else passes between
the two, whatever the rate.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag

from opsterm.services.listeners import Listeners

MAX_LINES = 200_000
MAX_BYTES = 256 * 1024 * 1024


class Direction(Enum):
    """Which way a line went; the value is the arrow by which it is shown."""

    RX = "Rx <=="
    TX = "Tx ==>"
    NOTE = "---"
    """Not from the wire: something that happened to the connection or the stream."""


class Level(IntEnum):
    """Severity of a line, ordered; `NONE` where the source does not say."""

    NONE = 0
    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40


class Flag(IntFlag):
    """What is special about a line."""

    NONE = 0
    PARTIAL = 1
    """Shown before its ending came (a prompt); it may still grow, through `Ring.replace_last`."""
    CUT = 2
    """Longer than the line limit: the next line of the source goes on where this one stops."""
    UNSENT = 4
    """A typed line that did not leave."""
    GAP = 8
    """A note that data before it is, or may be, missing."""


_REMEMBERED = 64
"""Replaced lines that are known one by one."""
_NOTHING = Flag.NONE
_RX = Direction.RX
_RECORD_BYTES = 200
_DEAD_PART = 16
"""What share of a ring may be evicted lines whose memory is not given back yet: a sixteenth."""


@dataclass(slots=True)
class Line:
    """One line. `raw` is what came over the wire without its ending; `text` is the same made safe to show.

    Times are nanoseconds since the epoch: `first_ns` when the first byte was read, `last_ns` the last. `seq` is
    given by the `Ring` and never changes. Treat a line as immutable once it is in a ring.
    """

    raw: bytes
    text: str
    first_ns: int
    last_ns: int
    source: str = ""
    direction: Direction = Direction.RX
    level: Level = Level.NONE
    flags: Flag = Flag.NONE
    seq: int = -1

    @property
    def cost(self) -> int:
        """Memory that the line takes, in bytes, estimated from its two copies and the record itself."""
        return len(self.raw) + len(self.text) + _RECORD_BYTES

    @property
    def arrow(self) -> str:
        """The words by which its direction is shown."""
        return "Tx =X=" if self.flags & Flag.UNSENT else self.direction.value

    def __str__(self) -> str:
        """The line as every part of opsterm prints it: `2020-08-31 10:44:50.995281 Rx <== ping`."""
        if self.flags is _NOTHING:  # nearly every line; asking an IntFlag for its parts costs more than all the rest
            return f"{stamp(self.first_ns)} {self.direction.value} {self.text}"
        more = "…" if self.flags & (Flag.PARTIAL | Flag.CUT) else ""
        return f"{stamp(self.first_ns)} {self.arrow} {self.text}{more}"


def in_words(lines: Iterable[Line]) -> list[str]:
    """`str` of each line, at a fraction of the price where many came with one read and share its time."""
    words: list[str] = []
    ns, front = -1, ""
    for line in lines:
        if line.flags is not _NOTHING or line.direction is not _RX:
            words.append(str(line))
            continue
        if line.first_ns != ns:
            ns = line.first_ns
            front = f"{stamp(ns)} {_RX.value} "
        words.append(front + line.text)
    return words


class Ring:
    """The last lines of a view: at most `max_lines` and `max_bytes` (estimated), oldest evicted first and counted.

    One writer: every call belongs on the event loop. Threads hand over whole batches with
    `loop.call_soon_threadsafe`. Lines keep the sequence number they were given, so `ring[seq]` stays right while
    `first_seq <= seq < next_seq`.
    """

    def __init__(self, max_lines: int = MAX_LINES, max_bytes: int = MAX_BYTES) -> None:
        self.max_lines = max_lines
        self.max_bytes = max_bytes
        self.bytes = 0
        self.evicted = 0
        self.revision = 0
        """Grows whenever a line already handed out was replaced."""
        self._replaced: deque[tuple[int, int]] = deque()  # revision and sequence number
        self._lines: list[Line] = []
        self._head = 0  # index of the oldest line; the dead part before it is cut away now and then
        self._first_seq = 0
        self._listeners = Listeners()

    def __len__(self) -> int:
        return len(self._lines) - self._head

    def __getitem__(self, seq: int) -> Line:
        """The line with this sequence number; IndexError when it is evicted or not yet there."""
        if not self._first_seq <= seq < self.next_seq:
            raise IndexError(seq)
        return self._lines[self._head + seq - self._first_seq]

    @property
    def first_seq(self) -> int:
        """Sequence number of the oldest line kept."""
        return self._first_seq

    @property
    def next_seq(self) -> int:
        """Sequence number that the next line will get."""
        return self._first_seq + len(self)

    def append(self, line: Line) -> None:
        """Add one line; see `extend` for many."""
        self.extend((line,))

    def extend(self, lines: Iterable[Line]) -> None:
        """Add lines in order, evict what no longer fits, and tell the listeners once."""
        new = list(lines)
        if not new:
            return
        for seq, line in enumerate(new, self.next_seq):
            line.seq = seq
        self._lines += new
        self.bytes += _cost(new)
        self._evict()
        self._listeners.tell()

    def replace_last(self, line: Line) -> None:
        """Put `line` in the place of the newest one (a prompt that grew); IndexError when the ring is empty."""
        if not len(self):
            raise IndexError("replace_last on an empty ring")
        self.replace(self.next_seq - 1, line)

    def replace(self, seq: int, line: Line) -> None:
        """Put `line` in the place of the one with this sequence number; IndexError when it is not there."""
        old = self[seq]
        line.seq = seq
        self._lines[self._head + seq - self._first_seq] = line
        self.bytes += line.cost - old.cost
        self.revision += 1
        self._replaced.append((self.revision, seq))
        if len(self._replaced) > _REMEMBERED:  # the two oldest as one, whose place is that of the older line
            _, first = self._replaced.popleft()
            revision, second = self._replaced.popleft()
            self._replaced.appendleft((revision, min(first, second)))
        self._evict()
        self._listeners.tell()

    def replaced_since(self, revision: int) -> int:
        """The oldest sequence number at which a line was replaced after `revision`, or one that is older still;
        `next_seq` where none was.
        """
        return min((seq for at, seq in self._replaced if at > revision), default=self.next_seq)

    def since(self, seq: int, before: int | None = None) -> list[Line]:
        """All lines from sequence number `seq` on, or only those before `before`; from the oldest kept, where `seq`
        is already evicted.
        """
        zero = self._head - self._first_seq
        end = None if before is None else max(self._head, zero + before)
        return self._lines[max(self._head, zero + seq) : end]

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called after each change; returns the function that ends it. `told` must be quick."""
        return self._listeners.add(told)

    def _evict(self) -> None:
        lines = self._lines
        head = max(self._head, len(lines) - self.max_lines)
        self.bytes -= _cost(lines[self._head : head])
        while self.bytes > self.max_bytes and len(lines) - head > 1:
            self.bytes -= lines[head].cost
            head += 1
        gone = head - self._head
        if not gone:
            return
        self.evicted += gone
        self._first_seq += gone
        self._head = head
        # Cutting the list moves all that is left: done when a part of it is dead, that is O(1) a line.
        if head * _DEAD_PART > len(lines):
            del lines[:head]
            self._head = 0


def _cost(lines: list[Line]) -> int:
    return sum([len(line.raw) + len(line.text) for line in lines]) + _RECORD_BYTES * len(lines)


_second = (-1, "")


def stamp(ns: int) -> str:
    """Local time of `ns` (nanoseconds since the epoch) as `2020-08-31 10:44:50.995281`."""
    global _second  # noqa: PLW0603  a cache of one second: bursts share it, and strftime is most of the cost
    seconds, rest = divmod(ns, 1_000_000_000)
    second = _second  # read once: another thread may put its own second there at any moment
    if second[0] != seconds:
        second = _second = (seconds, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)))
    return f"{second[1]}.{rest // 1000:06d}"
