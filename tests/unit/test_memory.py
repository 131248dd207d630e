from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsterm.tui.memory import Memory


def test_what_is_saved_is_there_the_next_time(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "new")
    memory["tab"] = "pods"
    assert memory.changed
    assert memory.save()
    assert not memory.changed
    assert Memory(tmp_path / "new") == {"tab": "pods"}


def test_the_same_again_is_no_change(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory["tab"] = "pods"
    memory.save()
    memory["tab"] = "pods"
    assert not memory.changed


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[1, 2]"])
def test_a_broken_file_starts_empty_and_can_be_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)
    memory = Memory(tmp_path)
    assert memory == {}
    memory["tab"] = "serial"
    assert memory.save()
    assert json.loads((tmp_path / "state.json").read_text()) == {"tab": "serial"}


def test_where_nothing_can_be_written_a_sentence_says_so_and_the_old_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    memory = Memory(tmp_path / "file")
    memory["tab"] = "serial"
    assert not memory.save()
    assert "Nothing will be remembered" in memory.problem
    assert memory["tab"] == "serial"


def test_what_json_cannot_hold_leaves_the_old_file_whole(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory["tab"] = "serial"
    memory.save()
    memory["bad"] = object()
    with pytest.raises(TypeError):
        memory.save()
    assert json.loads((tmp_path / "state.json").read_text()) == {"tab": "serial"}
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
