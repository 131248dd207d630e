from __future__ import annotations

import pytest

from opsterm.tui.background import light_in


@pytest.mark.parametrize(
    ("answer", "light"),
    [
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;c", True),
        (b"\x1b]11;rgb:1e/1e/2e\x07\x1b[?1;2c", False),
        (b"\x1b]11;rgb:0000/ffff/0000\x1b\\", True),
        (b"\x1b]11;rgb:0000/0000/ffff\x1b\\", False),
        (b"\x1b[?62;22c", None),
        (b"", None),
    ],
)
def test_the_answer_of_a_terminal(answer: bytes, light: bool | None) -> None:
    assert light_in(answer) is light
