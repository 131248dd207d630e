"""Scripts: what they may say, and which step follows from what came in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.lines import Direction, Flag, Line, Ring
from opsterm.services.serial.script import BadScriptError, Done, Failed, Run, Send, Until, parse_script

LOGIN = parse_script("""
timeout = 5

[[step]]
wait = 'login: $'
send = "root"

[[step]]
wait = '[$#] $'
fail = "incorrect"
timeout = 2
pause = 1
hex = "AA 55"
""")


def line(text: str, flags: Flag = Flag.NONE, direction: Direction = Direction.RX) -> Line:
    return Line(text.encode(), text, 0, 0, direction=direction, flags=flags)


def test_a_login() -> None:
    ring = Ring()
    ring.append(line("login: of yesterday login: "))
    run = Run(LOGIN, ring)
    assert run.next(100) == Until(105)
    ring.append(line("booting"))
    ring.append(line("login: ", Flag.PARTIAL))
    assert run.next(101) == Send("root", 1, 5)
    ring.append(line("# ", direction=Direction.TX))
    assert run.next(102) == Until(104)
    ring.append(line("root"))
    ring.append(line("~ # ", Flag.PARTIAL))
    assert run.next(103) == Until(104)
    assert run.next(104) == Send(b"\xaa\x55", 2, 2)
    assert run.next(104) == Done()
    assert run.next(200) == Done()


def test_what_does_not_come_in_time() -> None:
    run = Run(LOGIN, Ring())
    assert run.next(100) == Until(105)
    assert run.next(105) == Failed("Step 1: no 'login: $' within 5 s.")


def test_what_says_that_it_failed() -> None:
    ring = Ring()
    run = Run(LOGIN, ring)
    ring.extend([line("login: "), line("Login incorrect"), line("# ")])
    assert run.next(0) == Send("root", 1, 5)
    assert run.next(0) == Failed("Step 2 failed: Login incorrect")


def test_a_wait_begins_behind_what_the_last_one_found() -> None:
    ring = Ring()
    run = Run(parse_script("[[step]]\nwait = 'ok'\n[[step]]\nwait = 'ok'\n[[step]]\nwait = 'ok'"), ring)
    ring.append(line("ok, o", Flag.PARTIAL))
    assert run.next(0) == Until(10)
    ring.replace_last(line("ok, ok", Flag.PARTIAL))
    assert run.next(1) == Until(11)
    ring.append(line("ok"))
    assert run.next(2) == Done()


@given(st.lists(st.sampled_from(["ab", "b", "a", ""]), max_size=12), st.lists(st.integers(1, 4), max_size=12))
def test_it_does_not_matter_when_one_asks(texts: list[str], sizes: list[int]) -> None:
    steps = parse_script(
        "[[step]]\nwait = 'a'\nsend='1'\n[[step]]\nwait = 'b'\nsend='2'\n[[step]]\nwait = 'ab'\nsend='3'"
    )

    def played(batches: list[list[str]]) -> list[str | bytes]:
        ring = Ring()
        run, sent = Run(steps, ring), []
        for batch in batches:
            ring.extend(line(text) for text in batch)
            while isinstance(action := run.next(0), Send):
                sent.append(action.data)
        return sent

    batches = []
    rest = texts
    for size in sizes:
        batches.append(rest[:size])
        rest = rest[size:]
    assert played([*batches, rest]) == played([texts])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "No steps: each is a table [[step]]."),
        ("step = 1", "No steps: each is a table [[step]]."),
        ("step = [1]", "Step 1: not a table."),
        ("steps = []", "Unknown key 'steps': timeout or [[step]]."),
        ("[[step]]", "Step 1: nothing to do."),
        ("[[step]]\nwiat = 'x'", "Step 1: unknown key 'wiat': fail, hex, pause, send, timeout, wait."),
        ("[[step]]\nwait = '('", "Step 1: wait is no pattern: missing ), unterminated subpattern at character 1."),
        ("[[step]]\nsend = 1", "Step 1: send takes one line of text."),
        (
            "[[step]]\nsend = 'x'\n[[step]]\nhex = 'GG'",
            "Step 2: 'GG' is no pair of hexadecimal digits at character 1.",
        ),
        ("[[step]]\nsend = 'x'\nhex = 'AA'", "Step 1: send or hex, not both."),
        ("[[step]]\nfail = 'x'", "Step 1: fail goes with wait."),
        ("[[step]]\npause = -1", "Step 1: pause takes seconds."),
        ("timeout = true\n[[step]]\nsend = ''", "timeout takes seconds."),
    ],
)
def test_what_is_wrong_with_a_script(text: str, says: str) -> None:
    with pytest.raises(BadScriptError) as caught:
        parse_script(text)
    assert caught.value.reason == says


def test_what_is_no_toml() -> None:
    with pytest.raises(BadScriptError, match=r"line 1"):
        parse_script("wait for it")
