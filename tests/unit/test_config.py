from __future__ import annotations

from pathlib import Path

import pytest

from opsterm.tui.config import Config, ConfigError, SerialConfig, config_dir, load


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


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"config\.toml"):
        load(tmp_path)


def test_the_variable_moves_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSTERM_CONFIG_DIR", str(tmp_path))
    assert config_dir() == tmp_path
