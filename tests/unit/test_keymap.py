"""The user's own keys: what is refused before anything opens, and in which words."""

from __future__ import annotations

import argparse
import ast
from pathlib import Path

import pytest

from opsterm.tui import launch
from opsterm.tui.keymap import KeymapError, _bindings, check
from tests.needs import ROOT


def refusal(keys: dict[str, str]) -> str:
    with pytest.raises(KeymapError) as error:
        check(keys)
    return str(error.value)


def test_free_keys_are_taken_in_the_names_that_textual_has_for_them() -> None:
    assert check({}) == {}
    assert check({"app.help": "f6 , !", "line.wrap": "W"}) == {"app.help": "f6,exclamation_mark", "line.wrap": "W"}
    check({"app.help": "f1,f13", "app.tab1": "f14", "line.wrap": "ctrl+w,W", "frame.back": "Z"})


@pytest.mark.parametrize(
    "keys",
    [
        {"app.help": "ctrl+b"},  # the app and a screen
        {"line.wrap": "slash"},  # a pane and the screen around it
        {"line.wrap": "/"},  # the same, by its character
        {"line.wrap": "s"},  # two of one pane
        {"serial.settings": "colon"},  # a screen and what it inherits
        {"tx.send": "up"},  # an input and what it inherits
        {"app.help": "f9", "app.jump": "f9"},  # two that are both set by the user
        {"choices.up": "down"},
        {"confirm.cancel": "left"},
    ],
)
def test_a_key_that_another_action_has_at_the_same_place_is_refused(keys: dict[str, str]) -> None:
    assert "would both be" in refusal(keys)


@pytest.mark.parametrize(
    "keys",
    [
        {"line.wrap": "O"},  # a pane and a table never have the focus together
        {"serial.settings": "L"},  # two tabs are never in front together
        {"input.search": "f14"},
        {"confirm.cancel": "escape,q"},  # a dialog takes the keyboard for itself
        {"frame.retry": "ctrl+r"},  # an input has it as well, and has it anyway
        {"app.help": "f14", "app.jump": "question_mark"},  # what is freed can be taken
    ],
)
def test_the_same_key_at_different_places_is_no_clash(keys: dict[str, str]) -> None:
    check(keys)


def test_the_words_name_both_actions_and_the_key() -> None:
    said = "keys: 'confirm.left' and 'confirm.cancel' would both be 'escape'."
    assert refusal({"confirm.left": "escape"}) == said


def test_an_unknown_action_is_named_with_the_nearest() -> None:
    assert refusal({"app.hlep": "f9"}) == "keys: no action 'app.hlep', did you mean 'app.help'?"
    assert refusal({"zzzzzz": "f9"}) == "keys: no action 'zzzzzz'."


@pytest.mark.parametrize("key", ["ctrl-b", "strg+b", "pgup", "F10", "ctrl+"])
def test_a_key_that_no_terminal_sends_is_refused(key: str) -> None:
    assert refusal({"app.help": key}) == f"keys: 'app.help': no key is called {key!r}."


def test_no_key_at_all_is_refused() -> None:
    assert refusal({"app.help": ""}) == "keys: 'app.help' is given no key."


def test_every_id_in_the_source_can_be_set() -> None:
    known = {name for _, name, _ in _bindings()}
    written = {
        word.value.value
        for folder in ("widgets", "screens", "tui")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Binding"
        for word in node.keywords
        if word.arg == "id" and isinstance(word.value, ast.Constant)
    }
    assert len(written) > 30
    assert written <= known


def test_the_program_does_not_open_and_names_file_and_action(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPSTERM_CONFIG_DIR", str(tmp_path))
    (tmp_path / "config.toml").write_text('[keys]\n"app.hlep" = "f9"\n')
    assert launch.run(argparse.Namespace(command=None)) == 2
    assert capsys.readouterr().err == (
        f"opsterm: {tmp_path / 'config.toml'}: keys: no action 'app.hlep', did you mean 'app.help'?\n"
    )
