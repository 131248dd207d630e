"""What is loaded when: the command line answers, and the first screen is drawn, before anything heavy."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"kubernetes", "docker", "sentry_sdk", "aiohttp", "msgspec", "serial_asyncio", "yaml"}
"""Loaded by the service that needs them, after the first paint."""


def loaded_by(module: str) -> set[str]:
    """The top-level modules that importing `module` brings into a new interpreter."""
    code = f"import sys; before = set(sys.modules); import {module}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = {name.split(".")[0] for name in done.stdout.split()}
    assert "opsterm" in names
    return names


def test_the_screen_opens_without_the_heavy_libraries() -> None:
    assert not loaded_by("opsterm.tui.app") & HEAVY


def test_the_command_line_answers_without_textual_and_asyncio() -> None:
    assert not loaded_by("opsterm.tui.cli") & {*HEAVY, "textual", "rich", "asyncio"}
