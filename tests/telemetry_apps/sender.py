"""A program that reports with the real SDK: one transaction with spans, an error, a log. Its arguments are those of
`sentry_sdk.init`, as JSON.
"""

from __future__ import annotations

import json
import logging
import sys

import sentry_sdk
import sentry_sdk.traces


def work() -> None:
    """A transaction of three spans that ends with an error."""
    with sentry_sdk.start_transaction(op="task", name="nightly report"):
        with sentry_sdk.start_span(op="db", name="SELECT * FROM orders WHERE day = %s") as span:
            span.set_data("db.system", "sqlite")
        with sentry_sdk.start_span(op="http.client", name="GET http://prices/"):
            pass
        fail()


def stream() -> None:
    """The same as a segment whose spans are sent as they end."""
    with sentry_sdk.traces.start_span(name="nightly report", attributes={"sentry.op": "task"}):
        for number in range(3):
            with sentry_sdk.traces.start_span(name=f"step {number}", attributes={"sentry.op": "db", "n": number}):
                pass


def fail() -> None:
    """Report an error with a stack and a crumb."""
    sentry_sdk.add_breadcrumb(category="shop", message="before it broke", level="info")
    try:
        {}["user"]
    except KeyError as error:
        sentry_sdk.capture_exception(error)


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    sentry_sdk.init(**{"traces_sample_rate": 1.0, "release": "shop@1", "environment": "dev", **told})
    stream() if told.get("trace_lifecycle") == "stream" else work()
    if told.get("enable_logs"):
        logging.getLogger("shop").warning("stock is low: %d", 3)
        sentry_sdk.logger.info("stock was counted")
    sentry_sdk.flush(5)
    if client := sentry_sdk.get_client():
        client.close(timeout=5)
