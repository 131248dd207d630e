"""A shop that reports what it does: the Traces tab of the demo. Made up on this machine, sent over no network."""

from __future__ import annotations

import asyncio
import random
import time
from uuid import uuid4

from opsterm.services.service import State
from opsterm.services.telemetry.model import Crumb, ErrorEvent, Frame, LogRecord, Raised, Span, Transaction
from opsterm.services.telemetry.service import TraceService

_PAUSE_SECONDS = 0.4
_BEFORE = 40
"""Transactions that are there when the tab is opened."""
_SDK = "sentry.python.flask 2.75.0"
_FRAME = Frame(
    "shop/cart.py",
    31,
    "total",
    in_app=True,
    before=("def total(cart: Cart) -> Money:", "    prices = fetch_prices(cart.items)"),
    source="    return sum(prices[item.sku] for item in cart.items)",
    after=("",),
)


class DemoTraces(TraceService):
    """Has traces come in by itself, from the start."""

    def __init__(self) -> None:
        super().__init__()
        self._shop = random.Random(7)  # noqa: S311  a demo, the same each time
        self._selling: asyncio.Task[None] | None = None

    @property
    def listens(self) -> bool:
        """The demo's shop is always there."""
        return True

    async def start(self) -> None:
        """Begin to sell."""
        if self._selling is None:
            self.source = "receiver"
            self._become(State.LIVE)
            for number in range(_BEFORE, 0, -1):
                self._sell(time.time() - number * 12)
            self._selling = self._live_on(self._sell_on(), "demo traces")

    async def stop(self) -> None:
        """Close the shop."""
        selling, self._selling = self._selling, None
        if selling is not None:
            selling.cancel()
            await asyncio.wait([selling])
        self._become(State.OFF)

    async def _sell_on(self) -> None:
        while True:
            self._sell(time.time())
            await asyncio.sleep(_PAUSE_SECONDS * self._shop.uniform(0.5, 1.5))

    def _sell(self, now: float) -> None:
        name = self._shop.choices(("GET /", "GET /cart", "POST /order"), (6, 3, 1))[0]
        trace_id = uuid4().hex
        items = self._shop.randint(6, 14) if name == "GET /cart" else 1
        work = _Work(now, self._shop)
        work.span("db", "SELECT id, sku FROM cart WHERE user = %s", 0.012)
        for item in range(items if name == "GET /cart" else 0):
            query = f"SELECT name, price FROM item WHERE id = {item + 100}"  # noqa: S608  it is only shown
            work.span("db", query, 0.008)
        if name == "POST /order":
            work.wait(0.02)
            work.span("http.client", "POST http://payment/charge", 0.12)
        work.span("template.render", "cart.html" if name == "GET /cart" else "index.html", 0.01)
        failed = name == "POST /order" and self._shop.random() < 0.25
        root = Span("root", "", "http.server", name, now, work.end, "internal_error" if failed else "ok")
        spans = tuple(work.spans)
        self.store.add(
            Transaction(name, trace_id, root, spans, "shop@1.4.2", "demo", _SDK, size=200 * (1 + len(spans)))
        )
        if failed:
            self.store.add_error(
                ErrorEvent(
                    uuid4().hex,
                    work.end,
                    raised=(Raised("KeyError", "'sku-204'", (_FRAME,)),),
                    transaction=name,
                    trace_id=trace_id,
                    handled=False,
                    crumbs=(Crumb(now, "query", "SELECT id, sku FROM cart WHERE user = %s"),),
                    release="shop@1.4.2",
                    environment="demo",
                    size=1_000,
                )
            )
        level, text = ("error", "order failed: sku-204 has no price") if failed else ("info", f"{name} 200")
        self.store.add_logs([LogRecord(work.end, level, text, trace_id, "root")])


class _Work:
    """What one request does, step after step."""

    def __init__(self, start: float, shop: random.Random) -> None:
        self.end = start + 0.004
        self.spans: list[Span] = []
        self._shop = shop

    def span(self, op: str, description: str, seconds: float) -> None:
        """Do something for about so long."""
        start, self.end = self.end, self.end + seconds * self._shop.uniform(0.6, 1.8)
        self.spans.append(Span(f"s{len(self.spans)}", "root", op, description, start, self.end, "ok"))

    def wait(self, seconds: float) -> None:
        """Do something that nobody tells of."""
        self.end += seconds
