"""What the real program reports about itself: each defect once, its actions, nothing that is secret; while it is off,
nothing at all.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ingest import Ingest
from tests.needs import ROOT
from tests.reporting_program import FAILURES
from tests.terminal import Terminal, restored
from tests.waiting import until_now

NAMES = ("TOKEN", "HEADER", "LOG", "SERIAL", "FILE", "ENV", "HOME", "STATE")
CANARIES = {f"CANARY_{name}": f"{name.lower()}-{secrets.token_hex(12)}" for name in NAMES}


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    with Ingest() as ingest:
        yield ingest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / CANARIES["CANARY_STATE"]
    folder.mkdir()
    return folder


@contextmanager
def program(folder: Path, **env: str) -> Iterator[Terminal]:
    home = folder / CANARIES["CANARY_HOME"]
    home.mkdir(exist_ok=True)
    arguments = ("-m", "tests.reporting_program", folder)
    environment = {**CANARIES, "HOME": str(home), **env}
    with Terminal(*arguments, program=sys.executable, cwd=ROOT, columns=120, rows=30, env=environment) as terminal:
        terminal.wait_for("? help")
        yield terminal


def quit_well(terminal: Terminal) -> None:
    terminal.key("ctrl+q")
    assert terminal.wait_exit() == 0
    assert restored(terminal.output)


def assert_nothing_secret(ingest: Ingest) -> None:
    sent = b"".join(ingest.raw)
    assert sent
    secret = [*CANARIES.values(), str(Path.home()), str(ROOT), os.environ["OPSTERM_STATE_DIR"], "tests.reporting"]
    if len(socket.gethostname()) > 5:
        secret.append(socket.gethostname())
    for each in secret:
        assert each.encode() not in sent, each


def mechanisms(ingest: Ingest) -> list[str]:
    return sorted(event["exception"]["values"][-1]["mechanism"]["type"] for event in ingest.of("event"))


@pytest.mark.parametrize("key", ["H", "T", "Y"])
def test_a_defect_that_ends_the_program_is_reported_once(ingest: Ingest, folder: Path, key: str) -> None:
    with program(folder, OPSTERM_SENTRY_DSN=ingest.dsn) as terminal:
        terminal.send(key)
        assert terminal.wait_exit() == 1
        assert restored(terminal.output)
    assert mechanisms(ingest) == ["textual"]
    (event,) = ingest.of("event")
    last = event["exception"]["values"][-1]
    assert (last["type"], last["mechanism"]["handled"]) == ("ValueError", False)
    assert [each["type"] for each in event["exception"]["values"]] == ["FileNotFoundError", "ValueError"]
    assert event["release"].startswith("opsterm@")
    assert_nothing_secret(ingest)


def test_defects_in_the_background_are_each_reported_once(ingest: Ingest, folder: Path) -> None:
    with program(folder, OPSTERM_SENTRY_DSN=ingest.dsn) as terminal:
        for count, key in enumerate("WSZXW", 1):
            terminal.send(key)
            until_now(lambda count=count: len(ingest.of("event")) >= count, f"{FAILURES[key]} is reported")
        quit_well(terminal)
    assert mechanisms(ingest) == ["asyncio", "asyncio", "service", "worker", "worker"]
    assert any("breadcrumbs" in event for event in ingest.of("event"))  # of which only time, place and level are left
    assert_nothing_secret(ingest)


def test_a_defect_during_an_action_belongs_to_it(ingest: Ingest, folder: Path) -> None:
    with program(folder, OPSTERM_SENTRY_DSN=ingest.dsn) as terminal:
        terminal.send("H")
        terminal.wait_exit()
    (action,) = ingest.of("transaction")
    (event,) = ingest.of("event")
    assert (action["transaction"], action["contexts"]["trace"]["status"]) == ("open port", "internal_error")
    assert [(span["op"], span["status"]) for span in action["spans"]] == [("connect", "internal_error")]
    assert event["contexts"]["trace"]["trace_id"] == action["contexts"]["trace"]["trace_id"]
    assert event["transaction"] == "open port"
    assert_nothing_secret(ingest)


def test_listing_pods_and_tailing_logs_are_one_transaction_each(ingest: Ingest, folder: Path) -> None:
    with program(folder, OPSTERM_SENTRY_DSN=ingest.dsn) as terminal:
        terminal.key("f2")
        terminal.wait_for("GET /cart")
        until_now(lambda: len(ingest.of("transaction")) >= 2, "both actions are reported")
        quit_well(terminal)
    found = {each["transaction"]: [span["op"] for span in each["spans"]] for each in ingest.of("transaction")}
    assert set(found) == {"list pods", "tail logs"}
    assert len(ingest.of("transaction")) == 2
    assert found["list pods"] == ["connect"]
    assert found["tail logs"][-1] == "first byte"
    assert_nothing_secret(ingest)


def test_every_item_that_leaves_is_of_the_kinds_and_keys_that_the_docs_list(ingest: Ingest, folder: Path) -> None:
    with program(folder, OPSTERM_SENTRY_DSN=ingest.dsn) as terminal:
        terminal.send("W")
        terminal.key("f2")
        terminal.wait_for("GET /cart")
        until_now(lambda: len(ingest.items) >= 3, "an event and two actions")
        quit_well(terminal)
    listed = set(re.findall(r"`([\w.\[\]]+)`", (ROOT / "docs" / "telemetry.md").read_text()))
    for kind, payload in ingest.items:
        assert kind in ("event", "transaction")
        assert keys_of(payload) <= listed


def keys_of(payload: object, within: str = "") -> set[str]:
    if isinstance(payload, dict):
        inner = set[str]()
        for key, value in payload.items():
            found = keys_of(value, f"{within}.{key}".lstrip("."))
            inner |= found or {f"{within}.{key}".lstrip(".")}
        return inner
    if isinstance(payload, list):
        return set().union(*(keys_of(each, f"{within}[]") for each in payload))
    return set()


def test_while_it_is_off_nothing_connects_and_sentry_sdk_is_not_loaded(ingest: Ingest, folder: Path) -> None:
    foreign = {
        "SENTRY_DSN": ingest.dsn,
        "SENTRY_SPOTLIGHT": f"http://127.0.0.1:{ingest.port}/stream",
        "SENTRY_DEBUG": "1",
        "OPSTERM_SENTRY_DSN": "",
    }
    with program(folder, **foreign) as terminal:
        terminal.send("W")
        terminal.wait_for("ValueError")
        quit_well(terminal)
    assert ingest.connections == 0
    modules = (folder / "modules").read_text().split("\n")
    assert "opsterm.services.telemetry.reports" in modules
    assert not [name for name in modules if name.startswith("sentry_sdk")]


def test_what_is_meant_for_the_users_own_programs_changes_nothing(ingest: Ingest, folder: Path) -> None:
    with Ingest() as other:
        foreign = {
            "SENTRY_DSN": other.dsn,
            "SENTRY_SPOTLIGHT": f"http://127.0.0.1:{other.port}/stream",
            "SENTRY_ENVIRONMENT": CANARIES["CANARY_ENV"],
            "SENTRY_RELEASE": CANARIES["CANARY_ENV"],
            "SENTRY_DEBUG": "1",
            "SENTRY_TRACE": f"{'ab' * 16}-{'cd' * 8}-1",
            "SENTRY_BAGGAGE": f"sentry-environment={CANARIES['CANARY_ENV']}",
        }
        with program(folder, OPSTERM_SENTRY_DSN=ingest.dsn, **foreign) as terminal:
            terminal.send("W")
            until_now(lambda: ingest.of("event"), "the defect is reported")
            quit_well(terminal)
            assert b"[sentry]" not in terminal.output
        assert other.connections == 0
    assert "ab" * 16 not in json.dumps(ingest.items)
    assert_nothing_secret(ingest)


def test_a_server_that_never_answers_does_not_hold_up_the_end(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        dsn = f"http://publickey@127.0.0.1:{silent.getsockname()[1]}/1"
        with program(folder, OPSTERM_SENTRY_DSN=dsn) as terminal:
            terminal.send("W")
            asking, _ = silent.accept()  # the report is under way, and will never be answered
            with asking:
                terminal.send("W")
                quit_well(terminal)
            assert b"Sentry is attempting" not in terminal.output


def test_reports_never_go_to_the_receiver_of_this_program(folder: Path) -> None:
    with program(folder, OPSTERM_SENTRY_DSN="http://publickey@localhost:8969/1") as terminal:
        terminal.wait_for("opsterm does not report to itself (localhost:8969).")
        quit_well(terminal)
    assert "sentry_sdk" not in (folder / "modules").read_text().split("\n")


@pytest.mark.parametrize("dsn", ["nonsense", "https://host.example/1", "https://key@host.example/", "ftp://k@h/1"])
def test_what_is_no_dsn_costs_one_line_that_does_not_repeat_it(folder: Path, dsn: str) -> None:
    with program(folder, OPSTERM_SENTRY_DSN=dsn) as terminal:
        terminal.wait_for("This is no DSN: nothing is reported.")
        assert dsn.encode() not in terminal.output
        quit_well(terminal)
