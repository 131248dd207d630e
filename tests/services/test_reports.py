"""Reports on their own: actions and their steps, what is counted once, and what is refused. The program is in
`test_reports_program.py`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from opsterm.services.listeners import Listeners
from opsterm.services.telemetry.actions import NOTHING, Action
from opsterm.services.telemetry.destination import Place, ReportsError, chosen_dsn, is_here, place_of
from opsterm.services.telemetry.reports import Reports
from opsterm.services.telemetry.sending import Failure
from tests.ingest import Ingest
from tests.needs import ROOT
from tests.waiting import until_now


class Kept(Reports):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.on = True
        self.sent: list[Action | Failure] = []

    def deliver(self, report: Action | Failure) -> None:
        self.sent.append(report)

    @property
    def actions(self) -> list[tuple[str, str, list[tuple[str, bool]]]]:
        """The actions, each with its status and its steps."""
        return [
            (each.name, each.status, [(step.op, step.failed) for step in each.steps])
            for each in self.sent
            if isinstance(each, Action)
        ]


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_while_it_is_off_nothing_is_made() -> None:
    off = Reports()
    assert off.action("list pods") is NOTHING
    assert off.child("connect") is NOTHING
    with off.action("list pods") as action, action.child("connect"), off.child("decode"):
        off.capture(ValueError("x"), "worker")
    off.follow("tail logs", lambda: "connect", Listeners().add)
    off.close()


def test_an_action_has_its_steps(kept: Kept) -> None:
    with kept.action("list pods"):
        with kept.child("connect", "cluster"):
            pass
        with kept.child("decode"):
            pass
    assert kept.actions == [("list pods", "ok", [("connect", False), ("decode", False)])]


def test_outside_of_an_action_there_are_no_steps(kept: Kept) -> None:
    assert kept.child("connect") is NOTHING
    with kept.action("list pods"):
        pass
    assert kept.child("connect") is NOTHING


def test_an_action_that_fails_says_so_and_its_error_belongs_to_it(kept: Kept) -> None:
    error = ValueError("x")
    with pytest.raises(ValueError, match="x"), kept.action("open port"), kept.child("connect"):
        raise error
    kept.capture(error, "textual")
    assert kept.actions == [("open port", "internal_error", [("connect", True)])]
    action, failure = kept.sent
    assert isinstance(failure, Failure)
    assert failure.action is action


def test_an_error_is_reported_once_wherever_it_passes(kept: Kept) -> None:
    error = KeyError("x")
    for mechanism in ("worker", "textual", "asyncio"):
        kept.capture(error, mechanism)
    kept.capture(KeyError("x"), "worker")  # another one
    kept.capture(KeyboardInterrupt(), "worker")  # no defect
    kept.capture(None, "asyncio")
    assert [each.mechanism for each in kept.sent if isinstance(each, Failure)] == ["worker", "worker"]


class Thing:
    """Tells of each phase that it comes to."""

    def __init__(self) -> None:
        self.phase = "connect"
        self.told = Listeners()

    def becomes(self, phase: str) -> None:
        self.phase = phase
        self.told.tell()


def test_what_goes_on_after_the_key_is_followed_to_its_end(kept: Kept) -> None:
    thing = Thing()
    kept.follow("tail logs", lambda: thing.phase, thing.told.add)
    for phase in ("connect", "first byte", "first byte", "", "connect"):
        thing.becomes(phase)
    assert kept.actions == [("tail logs", "ok", [("connect", False), ("first byte", False)])]
    assert not len(thing.told)


def test_what_is_there_at_once_is_an_action_too(kept: Kept) -> None:
    thing = Thing()
    kept.follow("list pods", lambda: "", thing.told.add)
    assert kept.actions == [("list pods", "ok", [])]
    assert not len(thing.told)


def test_what_will_not_come_is_no_success(kept: Kept) -> None:
    phases: list[str | None] = ["connect", None]
    told = Listeners()
    kept.follow("list pods", lambda: phases.pop(0), told.add)
    told.tell()
    assert kept.actions == [("list pods", "unavailable", [("connect", False)])]
    assert not len(told)


def test_the_same_again_ends_the_one_before(kept: Kept) -> None:
    one, two = Thing(), Thing()
    kept.follow("tail logs", lambda: one.phase, one.told.add)
    kept.follow("tail logs", lambda: two.phase, two.told.add)
    one.becomes("")
    two.becomes("")
    assert [status for _, status, _ in kept.actions] == ["cancelled", "ok"]


@pytest.mark.parametrize(
    ("dsn", "place"),
    [
        ("https://key@o1.ingest.example/42", Place("o1.ingest.example", 443)),
        ("http://key:old@sentry.example:9000/path/42", Place("sentry.example", 9000)),
        ("http://key@[::1]:8969/1", Place("::1", 8969)),
    ],
)
def test_a_dsn(dsn: str, place: Place) -> None:
    assert place_of(dsn) == place


@pytest.mark.parametrize(
    "dsn", ["x", "https://host/1", "https://key@host", "https://key@host/a", "https://key@h:x/1"]
)
def test_no_dsn(dsn: str) -> None:
    with pytest.raises(ReportsError) as caught:
        place_of(dsn)
    assert dsn not in str(caught.value).replace("https://KEY@HOST/PROJECT", "")


def test_the_variable_comes_before_the_file_and_an_empty_one_is_off() -> None:
    assert chosen_dsn("of file", {}) == "of file"
    assert chosen_dsn("of file", {"OPSTERM_SENTRY_DSN": "of variable"}) == "of variable"
    assert chosen_dsn("of file", {"OPSTERM_SENTRY_DSN": ""}) == ""
    assert chosen_dsn("", {"SENTRY_DSN": "of the user's app"}) == ""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "x.localhost"])
def test_names_of_this_machine(host: str) -> None:
    assert is_here(host)


def test_addresses_of_other_machines() -> None:
    assert not is_here("192.0.2.1")  # of a net that is for documentation only
    assert not is_here("no-such-host.invalid")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"])
def test_the_own_receiver_is_refused_by_any_name(host: str) -> None:
    said: list[str] = []
    off = Reports()
    off.avoid(9999)
    try:
        off.start(f"http://key@{host}:9999/1", 1.0, "0", said=said.append)
    except ReportsError as error:
        said.append(str(error))
    until_now(lambda: said, "it is refused")
    assert said[0].startswith(f"opsterm does not report to itself ({host.strip('[]')}:9999).")
    assert not off.on


# In a process of its own: sentry_sdk is the same for a whole process, and hooks into it.

ALONE = """
import sys, time
from opsterm.services.telemetry.reports import Reports
reports, said = Reports(), []
reports.patience = 20  # a busy machine is no reason for a report to be lost here
reports.start(sys.argv[1], float(sys.argv[2]), "1.2.3", "here", said.append)
"""


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    with Ingest() as ingest:
        yield ingest


Alone = Callable[..., str]


@pytest.fixture
def alone(ingest: Ingest) -> Alone:
    def run(code: str, rate: float = 1.0, status: int = 0) -> str:
        command = [sys.executable, "-c", ALONE + code, ingest.dsn, str(rate)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    return run


def test_what_comes_before_the_library_is_there_waits_for_it(ingest: Ingest, alone: Alone) -> None:
    alone("with reports.action('list pods'): reports.capture(ValueError('x'), 'worker')\nreports.close(20)")
    assert [kind for kind, _ in ingest.items] == ["event", "transaction"]
    assert ingest.of("event")[0]["environment"] == "here"
    assert ingest.of("event")[0]["release"] == "opsterm@1.2.3"


def test_it_can_begin_again(ingest: Ingest, alone: Alone) -> None:
    capture, close = "reports.capture(ValueError('x'), 'worker')\n", "reports.close(20)\n"
    alone(f"{capture}{close}{close}reports.start(sys.argv[1], 1.0, '2')\n{capture}{close}")
    assert [event["release"] for event in ingest.of("event")] == ["opsterm@1.2.3", "opsterm@2"]


def test_of_the_actions_a_part_is_reported_and_all_errors_are(ingest: Ingest, alone: Alone) -> None:
    alone(
        "for _ in range(40):\n    with reports.action('list pods'): reports.capture(ValueError('x'), 'worker')\n"
        "reports.close(20)",
        rate=0.5,
    )
    assert len(ingest.of("event")) == 40
    assert 0 < len(ingest.of("transaction")) < 40


def test_none_of_the_actions(ingest: Ingest, alone: Alone) -> None:
    alone("with reports.action('list pods'): reports.capture(ValueError('x'), 'worker')\nreports.close(20)", rate=0.0)
    assert [kind for kind, _ in ingest.items] == ["event"]


def test_what_ends_the_interpreter_is_reported_once(ingest: Ingest, alone: Alone) -> None:
    code = """
reports.ready.wait(30)
error = ValueError("x")
reports.capture(error, "textual")
raise error
"""
    alone(code, status=1)
    assert len(ingest.of("event")) == 1
    ingest.raw.clear()
    alone(code.replace('reports.capture(error, "textual")', ""), status=1)
    (event,) = ingest.of("event")
    assert event["exception"]["values"][0]["mechanism"] == {"type": "excepthook", "handled": False}


def test_a_receiver_that_begins_later_ends_reports_to_it(ingest: Ingest, alone: Alone) -> None:
    port = ingest.port
    out = alone(
        f"reports.ready.wait(30)\nreports.avoid({port})\n"
        "while not said: time.sleep(0.01)\nprint(said[0], reports.on)\nreports.capture(ValueError(), 'worker')"
    )
    assert f"opsterm does not report to itself (127.0.0.1:{port})." in out
    assert out.strip().endswith("False")
    assert not ingest.items
