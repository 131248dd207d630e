from __future__ import annotations

from pathlib import Path

import pytest

from opsterm.services.serial.capture_names import capture_path


@pytest.mark.parametrize(
    ("pattern", "port", "file"),
    [
        ("all", "/dev/ttyUSB0", "all/ttyUSB0.txt"),
        ("all/{port}.jsonl", "bt://AA:BB:CC:DD:EE:FF/1", "all/bt-AA-BB-CC-DD-EE-FF-1.jsonl"),
        ("one.bin", "socket://host:2000", "one.bin"),
        ("all", "unix:/tmp/../x", "all/unix-tmp-..-x.txt"),
        ("all", "/dev/..", "all/port.txt"),
    ],
)
def test_each_port_has_its_file(tmp_path: Path, pattern: str, port: str, file: str) -> None:
    assert capture_path(str(tmp_path / pattern), port) == str(tmp_path / file)
    assert (tmp_path / file).parent.is_dir()
