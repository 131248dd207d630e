"""What has been received and is kept: bounded, whole traces evicted first, everything counted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import takewhile
from typing import TypeVar

from opsterm.services.lines import Level, Line, Ring
from opsterm.services.listeners import Listeners
from opsterm.services.telemetry.model import ErrorEvent, LogRecord, Transaction

MAX_BYTES = 128 * 1024 * 1024
MAX_ERRORS = 5_000
_ERRORS_PART = 4
"""What share of the memory errors may have besides: a quarter."""
_MAX_LOG_LINES = 100_000
_MAX_LOG_BYTES = 64 * 1024 * 1024
_MAX_KINDS = 50
_OTHERS = "others"
_LEVELS = {
    "debug": Level.DEBUG,
    "trace": Level.DEBUG,
    "info": Level.INFO,
    "warn": Level.WARN,
    "warning": Level.WARN,
    "error": Level.ERROR,
    "fatal": Level.ERROR,
}


Record = TypeVar("Record")


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

    def clear(self) -> None:
        """Begin to count anew."""
        for each in fields(self):
            setattr(self, each.name, {} if each.name == "kinds" else 0)

    def not_shown(self, kind: str) -> None:
        """Count an unknown item; whoever makes up kinds fills no memory."""
        self.unknown += 1
        known = kind in self.kinds or len(self.kinds) < _MAX_KINDS
        kind = kind if known else _OTHERS
        self.kinds[kind] = self.kinds.get(kind, 0) + 1


class TraceStore:
    """Keeps transactions by trace, errors, and the log. Belongs on the event loop.

    `revision` grows with every change of what is kept; `logs` holds the log lines, whose source is the trace id.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.counts = Counts()
        self.logs = _log()
        self.revision = 0
        self.bytes = 0
        """Estimated memory of the transactions that are kept."""
        self.error_bytes = 0
        """The same of the errors."""
        self._max_bytes = max_bytes
        self._traces: OrderedDict[str, list[Transaction]] = OrderedDict()  # that with the latest news last
        self._transactions: dict[int, Transaction] = {}
        self._errors: OrderedDict[int, ErrorEvent] = OrderedDict()
        self._seq = 0
        self._listeners = Listeners()

    @property
    def transactions(self) -> Sequence[Transaction]:
        """All that are kept, in the order in which they came."""
        return tuple(self._transactions.values())

    @property
    def errors(self) -> Sequence[ErrorEvent]:
        """All that are kept, oldest first."""
        return tuple(self._errors.values())

    def transactions_since(self, seq: int) -> Sequence[Transaction]:
        """Those that came after number `seq`, oldest first; looks at no others."""
        return _newer(self._transactions, seq)

    def errors_since(self, seq: int) -> Sequence[ErrorEvent]:
        """The errors that came after number `seq`, oldest first; looks at no others."""
        return _newer(self._errors, seq)

    def trace(self, trace_id: str) -> Sequence[Transaction]:
        """The transactions of one trace, in the order in which they came."""
        return tuple(self._traces.get(trace_id, ()))

    def errors_of(self, trace_id: str) -> Sequence[ErrorEvent]:
        """The errors of one trace."""
        return tuple(each for each in self._errors.values() if trace_id and each.trace_id == trace_id)

    def add(self, transaction: Transaction) -> Transaction:
        """Keep it, numbered; the oldest whole traces go where memory is full."""
        kept = replace(transaction, seq=self._seq)
        self._seq += 1
        self.counts.transactions += 1
        self.counts.spans += 1 + len(kept.spans)
        self._traces.setdefault(kept.trace_id, []).append(kept)
        self._traces.move_to_end(kept.trace_id)
        self._transactions[kept.seq] = kept
        self.bytes += kept.size
        while self.bytes > self._max_bytes and len(self._traces) > 1:
            _, gone = self._traces.popitem(last=False)
            self._evict(gone)
        if self.bytes > self._max_bytes:  # one trace alone: a job that never ends, all under one id
            self._shorten(self._traces[kept.trace_id])
        self._changed()
        return kept

    def add_error(self, error: ErrorEvent) -> ErrorEvent:
        """Keep it, numbered; the oldest go where there are too many."""
        kept = replace(error, seq=self._seq)
        self._seq += 1
        self.counts.errors += 1
        self._errors[kept.seq] = kept
        self.error_bytes += kept.size
        most = self._max_bytes // _ERRORS_PART
        while len(self._errors) > MAX_ERRORS or (self.error_bytes > most and len(self._errors) > 1):
            _, gone = self._errors.popitem(last=False)
            self.error_bytes -= gone.size
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
        self._transactions.clear()
        self._errors.clear()
        self.logs = _log()
        self.bytes = self.error_bytes = 0
        self._changed()

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called after each change; returns what ends it."""
        return self._listeners.add(told)

    def _shorten(self, trace: list[Transaction]) -> None:
        """Let the older half of a trace go: more than has to, so that it is not done anew with each that comes."""
        while self.bytes > self._max_bytes and len(trace) > 1:
            half = len(trace) // 2
            self._evict(trace[:half])
            del trace[:half]

    def _evict(self, gone: Sequence[Transaction]) -> None:
        for each in gone:
            del self._transactions[each.seq]
            self.bytes -= each.size
        self.counts.evicted += len(gone)

    def _changed(self) -> None:
        self.revision += 1
        self._listeners.tell()


def _log() -> Ring:
    return Ring(_MAX_LOG_LINES, _MAX_LOG_BYTES)


def _line(record: LogRecord) -> Line:
    ns = round(record.time * 1e9)
    level = _LEVELS.get(record.level.casefold(), Level.NONE)
    return Line(b"", record.body, ns, ns, record.trace_id, level=level)


def _newer(kept: dict[int, Record], seq: int) -> Sequence[Record]:
    """Those with a greater number than `seq`; they are kept in the order of their numbers."""
    return [kept[number] for number in takewhile(lambda number: number > seq, reversed(kept))][::-1]
