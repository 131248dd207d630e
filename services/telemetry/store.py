"""What has been received and is kept: bounded, whole traces evicted first, everything counted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from opsterm.services.lines import Level, Line, Ring
from opsterm.services.listeners import Listeners
from opsterm.services.telemetry.model import ErrorEvent, LogRecord, Transaction

MAX_BYTES = 128 * 1024 * 1024
MAX_ERRORS = 5_000
_LEVELS = {
    "debug": Level.DEBUG,
    "trace": Level.DEBUG,
    "info": Level.INFO,
    "warn": Level.WARN,
    "warning": Level.WARN,
    "error": Level.ERROR,
    "fatal": Level.ERROR,
}


@dataclass(slots=True)
class Counts:
    """What came and was not kept, or not understood, and what is no longer kept."""

    transactions: int = 0
    spans: int = 0
    errors: int = 0
    logs: int = 0
    refused: int = 0
    """Requests that were answered with an error."""
    unreadable: int = 0
    """Items that were not what they said."""
    evicted: int = 0
    """Transactions and errors that had to go."""
    unknown: int = 0
    """Items of kinds that are not shown here."""
    kinds: dict[str, int] = field(default_factory=dict)
    """Of the unknown items, how many of each kind."""


class TraceStore:
    """Keeps transactions by trace, errors, and the log. Belongs on the event loop.

    `revision` grows with every change of what is kept; `logs` holds the log lines, whose source is the trace id.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.counts = Counts()
        self.logs = Ring()
        self.revision = 0
        self.bytes = 0
        self._max_bytes = max_bytes
        self._traces: OrderedDict[str, list[Transaction]] = OrderedDict()
        self._errors: list[ErrorEvent] = []
        self._seq = 0
        self._listeners = Listeners()

    @property
    def transactions(self) -> Sequence[Transaction]:
        """All that are kept, in the order in which they came."""
        return sorted((each for trace in self._traces.values() for each in trace), key=lambda each: each.seq)

    @property
    def errors(self) -> Sequence[ErrorEvent]:
        """All that are kept, oldest first."""
        return tuple(self._errors)

    def trace(self, trace_id: str) -> Sequence[Transaction]:
        """The transactions of one trace, in the order in which they came."""
        return tuple(self._traces.get(trace_id, ()))

    def errors_of(self, trace_id: str) -> Sequence[ErrorEvent]:
        """The errors of one trace."""
        return tuple(each for each in self._errors if trace_id and each.trace_id == trace_id)

    def add(self, transaction: Transaction) -> Transaction:
        """Keep it, numbered; the oldest whole traces go where memory is full."""
        kept = replace(transaction, seq=self._seq)
        self._seq += 1
        self.counts.transactions += 1
        self.counts.spans += 1 + len(kept.spans)
        self._traces.setdefault(kept.trace_id, []).append(kept)
        self._traces.move_to_end(kept.trace_id)
        self.bytes += kept.size
        while self.bytes > self._max_bytes and len(self._traces) > 1:
            _, gone = self._traces.popitem(last=False)
            self.bytes -= sum(each.size for each in gone)
            self.counts.evicted += len(gone)
        self._changed()
        return kept

    def add_error(self, error: ErrorEvent) -> ErrorEvent:
        """Keep it, numbered; the oldest goes where there are too many."""
        kept = replace(error, seq=self._seq)
        self._seq += 1
        self.counts.errors += 1
        self._errors.append(kept)
        if len(self._errors) > MAX_ERRORS:
            del self._errors[0]
            self.counts.evicted += 1
        self._changed()
        return kept

    def add_logs(self, records: Sequence[LogRecord]) -> None:
        """Keep lines of a log."""
        self.counts.logs += len(records)
        self.logs.extend(_line(record) for record in records)
        self._changed()

    def clear(self) -> None:
        """Forget everything that is kept; what was counted stays."""
        self._traces.clear()
        self._errors.clear()
        self.logs = Ring()
        self.bytes = 0
        self._changed()

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called after each change; returns what ends it."""
        return self._listeners.add(told)

    def _changed(self) -> None:
        self.revision += 1
        self._listeners.tell()


def _line(record: LogRecord) -> Line:
    ns = round(record.time * 1e9)
    level = _LEVELS.get(record.level.casefold(), Level.NONE)
    return Line(b"", record.body, ns, ns, record.trace_id, level=level)
