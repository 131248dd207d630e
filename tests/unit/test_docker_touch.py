"""Which file stands for a change of the program, and what the change does to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsterm.services.docker.dockerfile import parse
from opsterm.services.docker.touch import Touch, choose

FILES = [
    "setup.py",
    "requirements.txt",
    "src/deep/z.py",
    "src/b.py",
    "src/a.py",
    "app.py",
    "web/main.js",
    "data.json",
]


@pytest.mark.parametrize(
    ("copies", "wanted"),
    [
        ("COPY . .", "app.py"),
        ("COPY requirements.txt .\nRUN x\nCOPY . .", "app.py"),
        ("COPY app.py setup.py /app/", "app.py"),
        ("COPY src /app", "src/a.py"),
        ("COPY ./src/ /app", "src/a.py"),
        ("COPY src/*.py /app/", "src/a.py"),
        ("COPY --chown=1 src/b.py /app/", "src/b.py"),
        ('COPY ["src/b.py", "/app/"]', "src/b.py"),
        ("ADD web /app", "web/main.js"),
        ("COPY . .\nCOPY data.json /x/", "app.py"),
        ("COPY src /app\nFROM b\nCOPY --from=0 /app /app", "src/a.py"),
        ("COPY requirements.txt setup.py data.json /app/", None),
        ("RUN x", None),
    ],
)
def test_the_touched_file_is_source_that_the_last_copy_takes(copies: str, wanted: str | None) -> None:
    assert choose(parse(f"FROM a\n{copies}"), FILES) == wanted


@pytest.mark.parametrize("name", ["a.py", "a.js", "a.html", "a.css"])
def test_each_touch_is_new_and_can_be_taken_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"line without ending \xff")
    touch = Touch(path)
    contents = {path.read_bytes()}
    for _ in range(3):
        touch.apply()
        contents.add(path.read_bytes())
    assert len(contents) == 4
    assert len({len(one) for one in contents}) == 2
    touch.restore()
    assert path.read_bytes() == b"line without ending \xff"


def test_a_touched_python_file_still_compiles(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("if True:\n    x = 1")
    Touch(path).apply()
    compile(path.read_text(), "a.py", "exec")
