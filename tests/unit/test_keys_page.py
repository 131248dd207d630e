"""The page of all keys says what the program has."""

from __future__ import annotations

import runpy

from tests.needs import ROOT


def test_the_page_of_keys_is_up_to_date() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "keys.py"))
    assert made["PAGE"].read_text(encoding="utf-8") == made["page"](), "run `make keys`"
