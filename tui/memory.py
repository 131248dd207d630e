"""What opsterm remembers from one run to the next: plain JSON, written in one step."""

from __future__ import annotations

import contextlib
import json
import os
from collections import UserDict
from pathlib import Path
from typing import Any


def state_dir() -> Path:
    """The folder of everything remembered, and of the log; OPSTERM_STATE_DIR moves it."""
    if found := os.environ.get("OPSTERM_STATE_DIR"):
        return Path(found)
    from platformdirs import user_state_path  # noqa: PLC0415  not needed where the variable is set

    return user_state_path("opsterm", appauthor=False)


class Memory(UserDict[str, Any]):
    """A mapping that can be saved. What cannot be read starts empty; what cannot be written costs a sentence."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self.path = (folder or state_dir()) / "state.json"
        self.changed = False
        """Whether something is not yet written."""
        self.problem = ""
        """Why the last load or save failed, in one line; empty when it did not."""
        try:
            loaded = json.loads(self.path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, ValueError) as error:
            self.problem = f"Nothing is remembered from last time: {self.path}: {_why(error)}."
            return
        if isinstance(loaded, dict):
            self.data = loaded

    def __setitem__(self, key: str, item: Any) -> None:
        if self.data.get(key) != item:
            self.changed = True
        self.data[key] = item

    def save(self) -> bool:
        """Write everything; a reader sees the old or the new, never half. False where it cannot be written."""
        import tempfile  # noqa: PLC0415  after the first paint

        self.changed = False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".state-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(self.data, file)
                os.replace(name, self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            self.problem = f"Nothing will be remembered: {self.path.parent}: {_why(error)}."
            return False
        self.problem = ""
        return True


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
