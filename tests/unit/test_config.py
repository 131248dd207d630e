from __future__ import annotations

import re
from pathlib import Path

import pytest

from opsterm.services.serial.macros import Macro, Mode
from opsterm.tui.config import Config, ConfigError, SentryConfig, SerialConfig, config_dir, load


def write(folder: Path, text: str) -> Path:
    (folder / "config.toml").write_text(text)
    return folder


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    assert load(tmp_path) == Config()
    assert load(tmp_path / "nowhere") == Config()


def test_values_are_taken(tmp_path: Path) -> None:
    text = 'theme = "nord"\n[serial]\nbaud = 9600\n[keys]\n"line.wrap" = "ctrl+w"\n'
    config = load(write(tmp_path, text))
    assert config == Config(theme="nord", serial=SerialConfig(baud=9600), keys={"line.wrap": "ctrl+w"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('them = "nord"', "unknown key 'them', did you mean 'theme'?"),
        ("[serial]\nbuad = 9600", "unknown key 'serial.buad', did you mean 'serial.baud'?"),
        ('[serial]\nbaud = "9600"', "serial.baud takes a whole number, not '9600'"),
        ("[serial]\nbaud = true", "serial.baud takes a whole number, not True"),
        ("serial = 3", "serial is a table, not 3"),
        ("[keys]\nx = 3", "keys.x takes text, not 3"),
        ("theme = ", "Invalid value"),
    ],
)
def test_what_is_wrong_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))
    assert str(tmp_path / "config.toml") in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_where_reports_go_is_taken(tmp_path: Path) -> None:
    text = '[sentry]\ndsn = "https://key@host.example/1"\ntraces_sample_rate = 1\nenvironment = "bench"\n'
    assert load(write(tmp_path, text)).sentry == SentryConfig("https://key@host.example/1", 1.0, "bench")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('dns = "x"', "unknown key 'sentry.dns', did you mean 'sentry.dsn'?"),
        ("dsn = 3", "sentry.dsn takes text, not 3"),
        ('dsn = "https://hunter2@host.example"', "sentry.dsn: A DSN looks like https://KEY@HOST/PROJECT"),
        ("traces_sample_rate = 1.5", "sentry.traces_sample_rate: 1.5 is not from 0 to 1"),
        ("traces_sample_rate = -1", "sentry.traces_sample_rate: -1 is not from 0 to 1"),
        ("traces_sample_rate = nan", "sentry.traces_sample_rate: nan is not from 0 to 1"),
        ('traces_sample_rate = "half"', "sentry.traces_sample_rate takes a number, not 'half'"),
        ("traces_sample_rate = true", "sentry.traces_sample_rate takes a number, not True"),
        ("environment = 3", "sentry.environment takes text, not 3"),
    ],
)
def test_what_is_wrong_with_reports_is_one_line_without_the_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, f"[sentry]\n{text}"))
    assert f"{tmp_path / 'config.toml'}: {said}" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_macros_are_taken(tmp_path: Path) -> None:
    text = """
[serial.macros]
status = { key = "F7", send = "AT+STATUS" }
poll = { key = "f9", send = "READ {1}", every_ms = 500 }
"start up" = { send = ["$AA 55", "0D"], mode = "hex" }
"""
    assert load(write(tmp_path, text)).serial.macros == (
        Macro("status", ("AT+STATUS",), key="F7"),
        Macro("poll", ("READ {1}",), key="F9", every_ms=500),
        Macro("start up", ("$AA 55", "0D"), Mode.HEX),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("macros = 3", "serial.macros is a table, not 3"),
        ("macros.a = 'AT'", "serial.macros.a: a table such as { send = \"AT\" }, not 'AT'"),
        ("macros.a = {}", "serial.macros.a.send: a text or a list of texts"),
        ("macros.a = { send = [] }", "serial.macros.a.send: a text or a list of texts"),
        ("macros.a = { send = ['AT', 3] }", "serial.macros.a.send: a text or a list of texts"),
        ("macros.a = { sent = 'AT' }", "serial.macros.a: unknown key 'sent': key, send, mode, every_ms"),
        ("macros.a = { send = 'AT', key = 'F6' }", "serial.macros.a.key: 'F6' is none of F7 to F12"),
        ("macros.a = { send = 'AT', key = 7 }", "serial.macros.a.key: 7 is none of F7 to F12"),
        (
            "macros.a = { send = 'AT', key = 'F7' }\nmacros.b = { send = 'X', key = 'f7' }",
            "serial.macros.b.key: F7 is the key of a",
        ),
        ("macros.a = { send = 'AT', mode = 'hexx' }", "serial.macros.a.mode: 'hexx' is none of text, escapes, hex"),
        (
            "macros.a = { send = 'AT', every_ms = 1 }",
            "serial.macros.a.every_ms: 1 is no number of milliseconds from 10 to 86400000",
        ),
        ("macros.a = { send = 'AT', every_ms = true }", "serial.macros.a.every_ms: True is no number"),
        (
            "macros.a = { send = 'A GG', mode = 'hex' }",
            "serial.macros.a.send: 'A' is no pair of hexadecimal digits at character 1",
        ),
        ("macros.a = { send = '${dealy 3}' }", "serial.macros.a.send: '${dealy 3}' is none of ${delay 100}, ${wait"),
        ("macros.a = { send = '${wait /(/}' }", "serial.macros.a.send: /(/ is no pattern: missing ), unterm"),
        ('macros.a = { send = "a\\nb" }', "serial.macros.a.send: one line of text each; a list has several"),
        ("macros.' ' = { send = 'AT' }", "serial.macros.' ' is no name for a macro"),
    ],
)
def test_what_is_wrong_with_a_macro_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, f"[serial]\n{text}"))
    assert f"{tmp_path / 'config.toml'}: {said}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"config\.toml"):
        load(tmp_path)


def test_the_variable_moves_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSTERM_CONFIG_DIR", str(tmp_path))
    assert config_dir() == tmp_path


def test_the_traces_tab_is_set_and_a_wrong_rule_is_named(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[traces]\nlisten = true\nport = 9000\nalerts = ["p95 > 500ms for 1m", "new error"]\nbell = true\n'
    )
    traces = load(tmp_path).traces
    assert (traces.listen, traces.port, traces.alerts[1], traces.bell) == (True, 9000, "new error", True)
    for wrong, said in (
        ('alerts = ["p95 >"]', "traces.alerts: p95 without a limit"),
        ("port = 99999", "traces.port: 99999 is no port"),
        ('alerts = "new error"', "traces.alerts takes a list, not 'new error'"),
    ):
        file.write_text(f"[traces]\n{wrong}\n")
        with pytest.raises(ConfigError, match=re.escape(said)):
            load(tmp_path)
