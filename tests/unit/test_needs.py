"""A part that the machine lacks is named: in a skip, or in a failure where it is required."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests import needs


def test_a_missing_part_skips_and_a_required_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPSTERM_REQUIRE", raising=False)
    needs.need("python3")
    with pytest.raises(pytest.skip.Exception, match=r"needs no-such-program: it is not on the PATH"):
        needs.need("python3", "no-such-program")
    monkeypatch.setenv("OPSTERM_REQUIRE", "docker,no-such-program")
    needs.need("python3")
    with pytest.raises(pytest.fail.Exception, match=r"asks for no-such-program: it is not on the PATH"):
        needs.need("python3", "no-such-program")


def test_an_engine_counts_only_when_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "engine"
    monkeypatch.setattr(needs, "_ENGINE", str(path))
    assert str(path) in needs._lacks_docker.__wrapped__()
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        assert str(path) in needs._lacks_docker.__wrapped__()


def test_the_rig_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSTERM_RIG", str(tmp_path))
    assert needs.rig() == tmp_path
    monkeypatch.setenv("OPSTERM_RIG", str(tmp_path / "nothing"))
    assert needs.rig() is None
    assert "no rig" in needs._lacks_kube.__wrapped__()
    assert "no rig" in needs._lacks_bluetooth.__wrapped__()
