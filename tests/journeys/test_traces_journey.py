"""From an app in development to the query that makes it slow, in a real terminal."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing

import pytest

from tests.needs import ROOT
from tests.terminal import Terminal, restored
from tests.waiting import until_now

pytestmark = pytest.mark.journey
APP = ROOT / "examples" / "flask-app"


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Shop:
    """The example app, as its developer starts it."""

    def __init__(self, dsn: str) -> None:
        self.address = f"http://127.0.0.1:{free_port()}"
        environment = {**os.environ, "SENTRY_DSN": dsn, "PORT": self.address.rpartition(":")[2]}
        self._process = subprocess.Popen(
            [sys.executable, "traced.py"],
            cwd=APP,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until_now(lambda: self.answers("/"), "the app serves")

    def answers(self, path: str) -> bool:
        """Whether it answers, well or not."""
        try:
            with urllib.request.urlopen(self.address + path) as answer:
                answer.read()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def test_the_slow_page_its_waterfall_and_the_query_that_is_asked_for_each_row() -> None:
    with Terminal("traces", "--port", str(free_port()), columns=140, rows=36) as terminal:
        terminal.wait_for("● listening")
        found = re.search(r"SENTRY_DSN=(\S+)", terminal.screen)
        assert found
        shop = Shop(found[1])
        try:
            assert shop.answers("/orders")
            assert shop.answers("/broken")
            terminal.wait_for(re.compile(r"orders\s+1 "))
            terminal.wait_for("2 Errors 1")
            terminal.send("/orders")
            terminal.key("enter")
            terminal.wait_for("enter open")  # the table has the keys again
            terminal.key("enter")
            terminal.wait_for(re.compile(r"▲ N\+1: SELECT … FROM customer .* ran ×25 in a row"))
            terminal.wait_for(re.compile(r"db ×25 ▸ SELECT … FROM customer"))
            terminal.wait_for(re.compile(r"share .*db \d+%"))
            terminal.send("n")
            terminal.key("enter")
            terminal.wait_for("×25 ▾")
            terminal.key("escape")
            terminal.wait_for("TRANSACTION")
            terminal.send("2")
            terminal.wait_for("ERROR")
            terminal.key("enter")
            terminal.wait_for("traced.py")
        finally:
            shop.close()
        terminal.key("ctrl+q")
        assert terminal.wait_exit() == 0
        assert restored(terminal.output)
