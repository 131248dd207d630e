"""The Traces tab, with a real program that reports to it by Sentry's SDK."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from opsterm.screens.tabs import Tab
from opsterm.screens.trace_alerts import TraceOptions
from opsterm.screens.traces import TracesScreen
from opsterm.services.service import State
from opsterm.services.telemetry.analysis.rules import Rule, parse_rule
from opsterm.services.telemetry.model import LogRecord
from opsterm.services.telemetry.service import TraceService
from opsterm.tui.app import OpsTerm
from opsterm.tui.config import Config
from opsterm.tui.memory import Memory
from tests.screens.frame_app import LinesScreen, TestService, said, says, shown
from tests.waiting import until

REPORTER = """
import sentry_sdk, sys, time

sentry_sdk.init(dsn=sys.argv[1], traces_sample_rate=1.0, enable_logs=True)
for number in range(int(sys.argv[2])):
    now = time.time() - 1
    with sentry_sdk.start_transaction(op="http.server", name="GET /slow", start_timestamp=now) as request:
        work = [("db", "SELECT id FROM cart", 0.002)]
        work += [("db", f"SELECT name FROM item WHERE id = {item}", 0.008) for item in range(8)]
        work += [("http.client", "GET http://api/price/12", 0.01)]
        for op, description, seconds in work:
            span = request.start_child(op=op, name=description, start_timestamp=now)
            now += seconds
            span.finish(end_timestamp=now)
        if number == 1:
            try:
                raise KeyError("user")
            except KeyError as error:
                sentry_sdk.capture_exception(error)
        request.finish(end_timestamp=now)
with sentry_sdk.start_transaction(op="http.server", name="GET /cart"):
    pass
sentry_sdk.logger.warning("cart is empty")
sentry_sdk.flush()
"""


def program(folder: Path, listens: bool = False, rules: Sequence[Rule] = (), command: str = "") -> OpsTerm:
    tabs = [Tab("traces", "Traces", "f1", lambda: TraceService(0)), Tab("other", "Other", "f2", TestService)]
    screens = {
        "traces": lambda tab: TracesScreen(tab, TraceOptions(listens, rules, command=command)),
        "other": LinesScreen,
    }
    return OpsTerm(tabs, screens, Config(), Memory(folder), front="traces")


async def report(dsn: str, count: int = 2) -> None:
    """Run a program that reports `count` slow transactions, a quick one, an error and a log line."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", REPORTER, dsn, str(count))
    assert await process.wait() == 0


async def test_from_nothing_to_the_query_that_is_asked_again_and_again(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await until(lambda: says(app, "No traces yet. Press t to listen on"), "how to begin")
        screen = app.screen
        assert isinstance(screen, TracesScreen)
        await pilot.press("t")
        await until(lambda: says(app, "● listening"), "that it listens")
        await until(lambda: says(app, f"SENTRY_DSN={screen.service.dsn}"), "the line for the program")
        await pilot.press("c")
        assert app.clipboard == f"SENTRY_DSN={screen.service.dsn}"
        await report(screen.service.dsn)
        await until(lambda: says(app, "GET /slow") and says(app, "GET /cart"), "both by name")
        await until(lambda: says(app, "2 Errors 1"), "the error is counted")
        assert shown(app)[3].split()[1:4] == ["GET", "/slow", "2"], "the slowest first"
        await pilot.press("enter")
        await until(
            lambda: says(app, "▲ N+1: SELECT … FROM item WHERE id = ? ran ×8 in a row"), "what is wrong with each"
        )
        await pilot.press("enter")
        await until(lambda: says(app, "http.server GET /slow") and says(app, "db ×8 ▸"), "the waterfall")
        await pilot.press("i")
        await until(lambda: says(app, "Slowest spans") and says(app, "×8"), "its figures")
        await pilot.press("i")
        await until(lambda: not says(app, "Slowest spans"), "closed")
        assert "share" in shown(app)[1]
        assert "db " in shown(app)[1]
        await pilot.press("n", "enter")
        await until(lambda: says(app, "SELECT name FROM item WHERE id = 7"), "what is in the fold")
        await pilot.press("down", "enter")
        await until(
            lambda: says(app, "esc closes") and says(app, "SELECT name FROM item WHERE id = 0"), "a span in full"
        )
        await pilot.press("escape", "escape")
        await until(lambda: says(app, "FINDINGS"), "back to those of the name")
        await pilot.press("escape", "e")
        await until(lambda: says(app, "KeyError: 'user'") and says(app, "in <module>"), "the error")
        await pilot.press("3")
        await until(lambda: says(app, "WARN") and says(app, "cart is empty"), "the log")
        await pilot.press("1", "slash", *"cart", "enter")
        await until(lambda: not says(app, "GET /slow") and says(app, "filter: cart 1/2"), "a filter as everywhere")


async def test_before_and_after_a_change(tmp_path: Path) -> None:
    app = program(tmp_path, listens=True)
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await until(lambda: says(app, "● listening"), "that it listens")
        screen = app.screen
        assert isinstance(screen, TracesScreen)
        await report(screen.service.dsn, 5)
        await until(lambda: screen.service.store.counts.transactions == 6, "the first run")
        await until(lambda: says(app, "GET /slow"), "it is shown")
        await pilot.press("b")
        await until(lambda: any("Marked" in each for each in said(app)), "the mark")
        await report(screen.service.dsn, 5)
        await until(lambda: screen.service.store.counts.transactions == 12, "the second run")
        await until(lambda: "≈" in "".join(shown(app)[3:5]) or "▲" in "".join(shown(app)[3:5]), "how they differ")


async def test_a_hidden_tab_counts_and_says_that_there_are_errors(tmp_path: Path) -> None:
    app = program(tmp_path, listens=True)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await until(lambda: says(app, "● listening"), "that it listens")
        screen = app.screen
        assert isinstance(screen, TracesScreen)
        await pilot.press("f2")
        await report(screen.service.dsn)
        await until(lambda: says(app, "▲1"), "the error on the tab")
        await pilot.press("f1")
        await until(lambda: says(app, "GET /slow") and not says(app, "▲1"), "seen")
    assert screen.service.status.state is State.OFF


async def test_alerts_are_said_shown_and_handed_to_a_command(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = tmp_path / "tell"
    script.write_text(f'#!/bin/sh\necho "$1" >> {told}\n')
    script.chmod(0o755)
    app = program(tmp_path, True, (parse_rule("new error"), parse_rule("p95 > 20s")), str(script))
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await until(lambda: says(app, "● listening"), "that it listens")
        screen = app.screen
        assert isinstance(screen, TracesScreen)
        await report(screen.service.dsn)
        await until(lambda: any("▲ GET /slow: new error KeyError" in each for each in said(app)), "the alert")
        await pilot.press("4")
        await until(lambda: says(app, "▲ GET /slow: new error KeyError: 'user'"), "it is among the alerts")
        await until(lambda: says(app, "✓ fine"), "and the rule that does not hold")
        assert says(app, "4 Alerts ▲1")
        await until(lambda: told.exists() and "new error KeyError" in told.read_text(), "the command was told")
        await pilot.press("colon", *"alert p95 >", "enter")
        await until(lambda: says(app, "✖ p95 without a limit"), "what is wrong with a rule")
        await pilot.press("escape", "colon", *"alert max > 1ms", "enter")
        await until(lambda: says(app, "▲ GET /slow: max"), "a rule of the moment")


async def test_from_an_error_to_the_log_of_its_trace_and_back(tmp_path: Path) -> None:
    app = program(tmp_path, listens=True)
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await until(lambda: says(app, "● listening"), "that it listens")
        screen = app.screen
        assert isinstance(screen, TracesScreen)
        store = screen.service.store
        await report(screen.service.dsn, 4)
        await report(screen.service.dsn, 4)
        await until(lambda: store.counts.errors == 2 and store.counts.logs == 2, "all of it")
        await pilot.press("2")
        await until(lambda: says(app, "KeyError: 'user'"), "the errors")
        assert next(row for row in shown(app) if "KeyError" in row).split()[2] == "2", "one row for the same error"
        await pilot.press("enter")
        await until(lambda: screen.error is not None and says(app, "in <module>"), "the latest")
        last = screen.error
        await pilot.press("left_square_bracket")
        assert screen.error is not last, "the one before"
        store.add_logs([LogRecord(1.0, "info", "of the trace", screen.error.trace_id if screen.error else "")])
        await pilot.press("l")
        await until(lambda: says(app, "of the trace") and not says(app, "cart is empty"), "the lines of its trace")
        await pilot.press("escape")
        await until(lambda: says(app, "in <module>"), "back to the error")
        await pilot.press("3")
        await until(lambda: says(app, "cart is empty"), "all lines")
        await pilot.press("colon", *"clear", "enter")
        await until(lambda: says(app, "0 transactions") and screen.service.store.counts.errors == 0, "all forgotten")


async def test_it_listens_before_anybody_looks_where_that_is_wanted(tmp_path: Path) -> None:
    service = TraceService(0)
    tabs = [Tab("other", "Other", "f1", TestService), Tab("traces", "Traces", "f2", lambda: service, eager=True)]
    app = OpsTerm(tabs, {"other": LinesScreen, "traces": TracesScreen}, Config(), Memory(tmp_path), front="other")
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await until(lambda: service.status.state is State.LIVE, "that it listens")
        await report(service.dsn, 1)
        await until(lambda: service.store.counts.transactions == 2, "what came")
        await pilot.press("f2")
        await until(lambda: says(app, "GET /slow"), "it is there when somebody looks")
