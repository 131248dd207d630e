"""`opsterm demo` in a real terminal: all three tabs at work on stand-ins, by keyboard and by mouse."""

from __future__ import annotations

import re
from functools import partial

import pytest

from tests.terminal import Terminal, restored

pytestmark = pytest.mark.journey

SIZES = [pytest.param(80, 24, id="80x24"), pytest.param(120, 40, id="120x40")]
WEB = re.compile(r" \w{5}/app +(INFO|ERROR) ")


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_all_tabs_by_keyboard(columns: int, rows: int) -> None:
    with Terminal("demo", columns=columns, rows=rows) as terminal:
        serial(terminal)
        terminal.key("f2")
        pods(terminal)
        logs(terminal)
        terminal.key("ctrl+pagedown")
        builds(terminal)
        terminal.key("f1")
        terminal.wait_for("Rx <== OK")
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0
        assert restored(terminal.output)
        assert terminal.cooked


def serial(terminal: Terminal) -> None:
    """A command to the phone, and its answer."""
    terminal.wait_for("DEMO")
    terminal.wait_for("● open")
    terminal.send("AT")
    terminal.wait_for("› AT")
    terminal.key("enter")
    terminal.wait_for("Tx ==> AT")
    terminal.wait_for("Rx <== OK")


def pods(terminal: Terminal) -> None:
    """The shop, filtered and not."""
    terminal.wait_for(partial(in_front, terminal, "Pods"))
    terminal.wait_for("● watching")
    terminal.wait_for(re.compile(r"[67] pods"))
    terminal.wait_for(re.compile(r"▌ *\S"))
    terminal.send("/")
    terminal.wait_for("enter keep")
    terminal.send("name:web")
    terminal.wait_for(re.compile(r"[34]/[67]"))
    terminal.key("enter")
    terminal.wait_gone("orders-")
    terminal.key("escape")
    terminal.wait_for("orders-")


def logs(terminal: Terminal) -> None:
    """By label, through a rollout, and back."""
    terminal.send("L")
    terminal.wait_for("selector ›")
    terminal.key("ctrl+u")
    terminal.send("app=web")
    terminal.wait_for(re.compile(r"[34] pods   enter tail"))
    terminal.key("enter")
    terminal.wait_for("logs app=web")
    terminal.wait_for(re.compile(r"[34] pods, [34] streams"))
    terminal.wait_for(WEB)
    terminal.send("/")
    terminal.wait_for("enter keep")
    terminal.send("none of the lines")
    terminal.key("enter")
    terminal.wait_gone(WEB)
    terminal.wait_for(re.compile(r"\+ web-\S+/app \(node-\w\) started"))
    terminal.wait_for(re.compile(r"− web-\S+/app ended"))
    terminal.key("escape")
    terminal.wait_for(WEB)
    terminal.key("escape")
    terminal.wait_for("RESTARTS")


def builds(terminal: Terminal) -> None:
    """Recorded results, a comparison that is played, its log, and its end."""
    terminal.wait_for(partial(in_front, terminal, "Builds"))
    terminal.wait_for(re.compile(r"Dockerfile.4-slim .*\d\.\d× faster"))
    assert "recorded buildx" in terminal.line(1)
    terminal.send("R")
    terminal.wait_for(re.compile(r"◐ building [1-9] of 15"))
    terminal.send("1")
    terminal.wait_for(re.compile(r"✓ FROM .*python:3.11"))
    terminal.send("2")
    terminal.wait_for("Collecting flask")
    terminal.send("x")
    terminal.wait_gone("◐ building")
    terminal.wait_for(re.compile(r"5 variants.* measured"))


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_all_tabs_by_mouse(columns: int, rows: int) -> None:
    with Terminal("demo", columns=columns, rows=rows) as terminal:
        terminal.wait_for("● open")
        click(terminal, "Pods")
        terminal.wait_for("● watching")
        terminal.wait_for("orders-")
        click(terminal, "orders-")
        terminal.wait_for(re.compile(r"▌ orders-"))
        click(terminal, "logs", row=-1)
        terminal.wait_for("order packed")
        click(terminal, "Builds")
        terminal.wait_for("Dockerfile.4-slim")
        click(terminal, "Dockerfile.4-slim")
        terminal.wait_for(re.compile(r"▌ Dockerfile.4-slim"))
        click(terminal, "run", row=-1)
        terminal.wait_for(re.compile(r"◐ building 1 of 3"))
        click(terminal, "cancel", row=-1)
        terminal.wait_gone("◐ building")
        click(terminal, "?", row=0)
        terminal.wait_for("Help: Builds")
        click(terminal, "Serial")
        terminal.wait_for(partial(in_front, terminal, "Serial"))
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0


def click(terminal: Terminal, text: str, row: int | None = None) -> None:
    """Click on a text, wherever it is or in one row."""
    if row is None:
        terminal.wait_for(text)
        terminal.click(*terminal.find(text))
    else:
        rows = terminal.wait_for(lambda screen: text in screen.split("\n")[row]).split("\n")
        terminal.click(rows[row].index(text), row % len(rows))


def in_front(terminal: Terminal, tab: str, _: str) -> bool:
    return terminal.front == tab
